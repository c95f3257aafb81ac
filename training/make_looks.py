"""Looks of many simulated lives, cut once and kept, so that every later step reads only squares.

    make_looks.py --pack originals --split train --most 300 --lives 6
    make_looks.py --pack pack --split val --fixed clean,160px-j40

Writes RUNS/looks/NAME/ with `rows.json` (the photos, the lives, the looks) and `looks.u8`
([photo, life, look, side, side, 3]); `done.u8` says per photo and look what is there: 0 not yet,
1 cut, 2 not available. Photos in which no face is found are left out. Runs again where it stopped.
"""

import argparse
import json
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np

import boxes
import data
import lives
import looks

LOOKS = [
    {"kind": "face", "scale": 1.6},
    {"kind": "whole"},
    {"kind": "patch"},
]
SIDE = 224


def rows_of(args):
    found = boxes.read(args.runs, args.pack, args.split)
    rows = []
    for p in data.photos_of(args):
        seen = found.get(p.path)
        if seen and seen["faces"]:
            box = looks.foremost(seen["faces"])[:4]
            rows.append({"path": p.path, "label": p.label, "source": p.source,
                         "generator": p.generator, "box": box})
    return rows


def arrays(folder, count, life_count, mode):
    shape = (count, life_count, len(LOOKS))
    pixels = np.memmap(os.path.join(folder, "looks.u8"), np.uint8, mode,
                       shape=shape + (SIDE, SIDE, 3))
    done = np.memmap(os.path.join(folder, "done.u8"), np.uint8, mode, shape=shape)
    return pixels, done


def cut_one(task):
    folder, count, names, index, root, row, strength = task
    pixels, done = arrays(folder, count, len(names), "r+")
    try:
        photo = data.open_photo(os.path.join(root, row["path"]))
    except Exception as error:  # noqa: BLE001
        print(f"{row['path']}: {error}", file=sys.stderr)
        done[index] = 2
        return 0
    for k, name in enumerate(names):
        if isinstance(name, int):
            rng = lives.rng_for(row["path"], name)
            image, box = lives.live_through(photo, tuple(row["box"]), rng, strength)
            box = lives.jittered(box, rng)
        elif name in lives.NAMED:
            rng = lives.rng_for(row["path"], name)
            image, box = lives.NAMED[name](photo, tuple(row["box"]), rng)
            box = lives.jittered(box, rng, 0.03)
        else:
            image, box = lives.fixed_life(name, photo, tuple(row["box"]))
        for j, look in enumerate(LOOKS):
            square = looks.square_of(look, *image.size, box, SIDE)
            if square is None:
                done[index, k, j] = 2
                continue
            pixels[index, k, j] = np.asarray(looks.cut(image, square, SIDE))
            done[index, k, j] = 1
    return 1


def prepare(args, names):
    tag = "-".join(["fixed" if args.fixed else "lives", args.pack, args.split])
    folder = os.path.join(args.runs, "looks", args.name or tag)
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "rows.json")
    if os.path.exists(path):
        with open(path, encoding="utf-8") as f:
            head = json.load(f)
        return folder, head["rows"]
    rows = rows_of(args)
    head = {"looks": LOOKS, "side": SIDE, "lives": names, "pack": args.pack,
            "split": args.split, "rows": rows}
    with open(path, "w", encoding="utf-8") as f:
        json.dump(head, f)
    arrays(folder, len(rows), len(names), "w+")
    return folder, rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    data.add_arguments(parser)
    parser.add_argument("--lives", type=int, default=6)
    parser.add_argument("--first", type=int, default=0, help="number of the first life")
    parser.add_argument("--fixed", help="names of fixed lives instead, by comma")
    parser.add_argument("--name", help="name of the set")
    parser.add_argument("--strength", type=float, default=1.0)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    names = args.fixed.split(",") if args.fixed else list(
        range(args.first, args.first + args.lives))
    folder, rows = prepare(args, names)
    root = data.PACK if args.pack == "pack" else args.originals
    _, done = arrays(folder, len(rows), len(names), "r")
    tasks = [(folder, len(rows), names, i, root, row, args.strength)
             for i, row in enumerate(rows) if (done[i] == 0).any()]
    end = data.deadline(args)
    with ProcessPoolExecutor(args.workers) as pool:
        for start in range(0, len(tasks), 200):
            list(pool.map(cut_one, tasks[start : start + 200], chunksize=5))
            print(f"{folder}: {start + len(tasks[start:start + 200])}/{len(tasks)}", flush=True)
            if end < time.time():
                break


if __name__ == "__main__":
    main()
