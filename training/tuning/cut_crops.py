"""Cut crops of photos in many rounds, on all cores of another machine while it receives them.

    python -m tuning.cut_crops --parcels PARCELS --crops CROPS --rounds 9

PARCELS holds photos.jsonl and what has come of N.bin (pack_photos.py); N.ok beside it says that all
of it is there. Each round applies one perturbation to every photo: round 0 none, round 1 `worn1`
(for an original `sent`), the same wherever it is cut, later rounds random ones to train on. Photos
of val get the perturbations that are measured instead. Writes CROPS/ROUND.u8
([photo, crop, SIDE, SIDE, 3]) and CROPS/ROUND.done.u8 ([photo]: 1 cut, 2 not to be cut).
"""

import argparse
import json
import multiprocessing
import os
import time

from lib import crops, perturbations, photos
from lib import table as tables
from tuning import perturbations as more_perturbations

MEASURED = ["clean", "worn1", "512px-j40", "160px-j40", "grey", "noise", "screen_photo",
            "watermark"]
CUT, SKIPPED = 1, 2
BATCH = 100  # crops that a worker cuts before it looks for new parcels


def read_rows(parcels):
    with open(os.path.join(parcels, "photos.jsonl"), encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def number_photo(key):
    """Returns the number of a photo in a table, from its key."""
    return int(key[:8], 16)


def make_table(rows, photo, features):
    """Makes a table without features of rows that pack_photos.py wrote."""
    return tables.Table.build(rows, [bool(r["box"]) for r in rows], photo, features, {})


def open_round(folder, number, count, mode="r"):
    return crops.open_arrays(os.path.join(folder, str(number)), count, mode)


def perturb_for_training(row, image, box, number):
    """Applies one random perturbation to a photo to train on."""
    rng = perturbations.seed_rng(row["key"], f"train{number}")
    if row["split"] == "train":
        kinds = ["reposted", "reposted", "worn", "worn", "fresh"]
    else:
        kinds = ["small", "small", "fresh", "fresh", "sent", "reposted", "worn", "worn"]
    kind = rng.choice(kinds)
    if kind == "worn" or (kind == "small" and rng.random() < 0.3):
        if kind == "small":
            image, box = more_perturbations.make_small(image, box, rng)
        return perturbations.perturb(f"worn{number}", image, box, row["key"])
    if kind == "small":
        if rng.random() < 0.5:
            image, box = perturbations.crop(image, box, rng)
        image, box = more_perturbations.make_small(image, box, rng)
    elif kind == "reposted":
        image, box = more_perturbations.make_reposted(image, box, rng)
    else:
        image, box = perturbations.RANDOM[kind](image, box, rng)
    return image, perturbations.shift_box(box, rng)


def perturb(row, image, number):
    """Applies the perturbation of a round; returns the photo and its box."""
    box = tuple(row["box"]) if row["box"] else None
    if row["split"] == "val":
        return perturbations.perturb(MEASURED[number], image, box, row["path"])
    if number == 0:
        return image, box
    if number == 1:
        name = "sent" if row["split"] == "originals" else "worn1"
        return perturbations.perturb(name, image, box, row["path"])
    return perturb_for_training(row, image, box, number)


def read_photo(parcels, files, row):
    """Reads a photo's bytes out of its parcel; `files` keeps the parcels open."""
    parcel = row["parcel"]
    if parcel not in files:
        files[parcel] = open(os.path.join(parcels, f"{parcel}.bin"), "rb")
    files[parcel].seek(row["at"])
    return files[parcel].read(row["bytes"])


def work(args, worker):
    """Cuts every crop of one worker's photos, as their parcels come."""
    rows = read_rows(args.parcels)
    left = [(number, i) for number in range(args.rounds)
            for i in range(worker, len(rows), args.workers)]
    arrays = [open_round(args.crops, number, len(rows), "r+") for number in range(args.rounds)]
    files, parcels = {}, sorted({r["parcel"] for r in rows})
    while left:
        here = [p for p in parcels if os.path.exists(os.path.join(args.parcels, f"{p}.ok"))]
        now = [(number, i) for number, i in left if rows[i]["parcel"] in here][:BATCH]
        if not now:
            time.sleep(0.5)
        for number, i in now:
            row, (pixels, done) = rows[i], arrays[number]
            if done[i]:
                continue
            if row["split"] == "val" and number >= len(MEASURED):
                done[i] = SKIPPED
                continue
            try:
                image = photos.open_photo(read_photo(args.parcels, files, row))
                pixels[i] = crops.cut_crops(*perturb(row, image, number))
                done[i] = CUT
            except (OSError, ValueError) as error:
                print(f"{row['path']}, round {number}: {error}", flush=True)
                done[i] = SKIPPED
        left = sorted(set(left) - set(now))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parcels", required=True)
    parser.add_argument("--crops", required=True)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    args = parser.parse_args()
    os.makedirs(args.crops, exist_ok=True)
    rows = read_rows(args.parcels)
    for number in range(args.rounds):
        if not os.path.exists(os.path.join(args.crops, f"{number}.done.u8")):
            open_round(args.crops, number, len(rows), "w+")
    workers = [multiprocessing.Process(target=work, args=(args, k)) for k in range(args.workers)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    main()
