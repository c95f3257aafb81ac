"""Crops of photos in many histories, cut by all cores of another machine while it receives them.

    pool.py --parcels PARCELS --pool POOL --turns 9

PARCELS holds photos.jsonl and what has come of N.bin (parcel.py); N.ok beside it says that all of
it is there. Every turn gives every photo one history: turn 0 leaves it as it is, turn 1 wears it
(an original is sent through a messenger) the same way wherever it is cut, later turns are histories
to train on. Photos of val get the histories that are measured instead. Writes POOL/TURN.u8
([photo, crop, SIDE, SIDE, 3]) and POOL/TURN.done.u8 ([photo]: 1 cut, 2 not to be cut).
"""

import argparse
import json
import multiprocessing
import os
import time

import numpy as np
from PIL import Image

import crops
import data
import lives
import looks

MEASURED = ["clean", "worn1", "512px-j40", "160px-j40", "grey", "noise", "screen_photo",
            "watermark"]
PACKED = 224  # short side of the small pack's photos


def rows_of(parcels):
    with open(os.path.join(parcels, "photos.jsonl"), encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def arrays(pool, turn, count, mode="r"):
    base = os.path.join(pool, str(turn))
    shape = (count, len(crops.CROPS), crops.SIDE, crops.SIDE, 3)
    return (np.memmap(base + ".u8", np.uint8, mode, shape=shape),
            np.memmap(base + ".done.u8", np.uint8, mode, shape=(count,)))


def packed(image, box, rng):
    """As the small pack's photos are made, whose short side is 224 pixels."""
    factor = min(1.0, PACKED / min(image.size))
    image, box = lives.resized(image, box, factor, rng.choice([Image.LANCZOS, Image.BICUBIC]))
    return lives.encoded(image, "jpeg", rng.choice([80, 85, 85, 90])), box


def trained(row, image, box, turn):
    """One random history for training."""
    rng = lives.rng_for(row["key"], f"train{turn}")
    if row["split"] == "train":
        kinds = ["live", "live", "worn", "worn", "fresh"]
    else:
        kinds = ["packed", "packed", "fresh", "fresh", "sent", "live", "worn", "worn"]
    kind = rng.choice(kinds)
    if kind == "worn" or (kind == "packed" and rng.random() < 0.3):
        if kind == "packed":
            image, box = packed(image, box, rng)
        return crops.history_of(f"worn{turn}", image, box, row["key"])
    if kind == "packed":
        if rng.random() < 0.5:
            image, box = lives.cropped(image, box, rng)
        image, box = packed(image, box, rng)
    elif kind == "live":
        image, box = lives.live_through(image, box, rng)
    else:
        image, box = lives.NAMED[kind](image, box, rng)
    return image, lives.jittered(box, rng, 0.03)


def history(row, image, turn):
    box = tuple(row["box"]) if row["box"] else None
    if row["split"] == "val":
        return crops.history_of(MEASURED[turn], image, box, row["path"])
    if turn == 0:
        return image, box
    if turn == 1:
        name = "sent" if row["split"] == "originals" else "worn1"
        return crops.history_of(name, image, box, row["path"])
    return trained(row, image, box, turn)


def cut(row, body, turn):
    image, box = history(row, data.open_photo(body), turn)
    found = np.zeros((len(crops.CROPS), crops.SIDE, crops.SIDE, 3), np.uint8)
    found[0] = looks.cut(image, looks.whole_square(*image.size), crops.SIDE)
    if box:
        found[1] = looks.cut(image, looks.face_square(*image.size, box, crops.SCALE), crops.SIDE)
    return found


def work(args, worker):
    rows = rows_of(args.parcels)
    left = [(turn, i) for turn in range(args.turns) for i in range(worker, len(rows), args.workers)]
    maps = [arrays(args.pool, turn, len(rows), "r+") for turn in range(args.turns)]
    files, parcels = {}, sorted({r["parcel"] for r in rows})
    while left:
        here = [p for p in parcels if os.path.exists(os.path.join(args.parcels, f"{p}.ok"))]
        now = [(turn, i) for turn, i in left if rows[i]["parcel"] in here][:100]
        if not now:
            time.sleep(0.5)
        for turn, i in now:
            row, (pixels, done) = rows[i], maps[turn]
            if done[i]:
                continue
            if row["split"] == "val" and turn >= len(MEASURED):
                done[i] = 2
                continue
            parcel = row["parcel"]
            if parcel not in files:
                files[parcel] = open(os.path.join(args.parcels, f"{parcel}.bin"), "rb")
            files[parcel].seek(row["at"])
            try:
                pixels[i] = cut(row, files[parcel].read(row["bytes"]), turn)
                done[i] = 1
            except (OSError, ValueError) as error:
                print(f"{row['path']}, turn {turn}: {error}", flush=True)
                done[i] = 2
        left = sorted(set(left) - set(now))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parcels", required=True)
    parser.add_argument("--pool", required=True)
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    args = parser.parse_args()
    os.makedirs(args.pool, exist_ok=True)
    rows = rows_of(args.parcels)
    for turn in range(args.turns):
        if not os.path.exists(os.path.join(args.pool, f"{turn}.done.u8")):
            arrays(args.pool, turn, len(rows), "w+")
    workers = [multiprocessing.Process(target=work, args=(args, k)) for k in range(args.workers)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    main()
