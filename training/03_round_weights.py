"""Round the trunk's weights to few-bit integers, on tokens of training photos.

    03_round_weights.py --bits 5 --group 64 --photos 40 --name q5

Needs the crops `clean` of the small set. Writes RUNS/trunk/NAME.npz.
"""

import argparse
import os
import time

import numpy as np

from lib import crops, paths, rounding, trunk


def read_photos(runs, count):
    """Reads crops of training photos, both kinds, both classes, evenly spaced over the sources."""
    folder = os.path.join(runs, "small")
    rows = crops.read_rows(folder)
    pixels, done = crops.open_crops(folder, "clean", len(rows))
    usable = [i for i, r in enumerate(rows) if r["split"] != "val" and r["faces"] and done[i]]
    some = [usable[int(k)] for k in np.linspace(0, len(usable) - 1, count)]
    return trunk.normalise_pixels(np.stack([pixels[i, n % 2] for n, i in enumerate(some)]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", default=paths.RUNS)
    parser.add_argument("--bits", type=int, default=5)
    parser.add_argument("--group", type=int, default=64, help="inputs that share a step")
    parser.add_argument("--photos", type=int, default=48)
    parser.add_argument("--depth", type=int, default=trunk.DEPTH, help="blocks that are rounded")
    parser.add_argument("--name", required=True)
    args = parser.parse_args()
    weights = trunk.read_weights(args.runs)
    photos, started = read_photos(args.runs, args.photos), time.time()
    x = rounding.embed(weights, photos)
    out = {k: weights[k] for k in trunk.KEPT}
    out["bits"], out["group"] = np.int64(args.bits), np.int64(args.group)
    for block in range(args.depth):
        x = rounding.round_block(weights, block, x, args.bits, args.group, out)
        print(f"block {block + 1}: {time.time() - started:.0f} s", flush=True)
    trunk.write_weights(args.runs, args.name, out)


if __name__ == "__main__":
    main()
