"""Face boxes of every photo of a pack, found once and kept as JSON beside the runs.

    boxes.py --pack originals --split train

The cache maps a photo's path to {"size": [w, h], "faces": [[x, y, w, h, score], …]} in pixels of
the upright photo; an unreadable photo maps to null. Safe to run again: only new photos are read.
"""

import argparse
import json
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor

import data

sys.path.insert(0, os.path.join(data.HERE, "faces"))


def cache_path(runs, pack, split):
    return os.path.join(runs, "boxes", f"{pack}-{split}.json")


def faces_of(image):
    import face_boxes

    w, h = image.size
    return [
        [round(v, 2) for v in (f.x * w, f.y * h, f.w * w, f.h * h)] + [round(f.score, 4)]
        for f in face_boxes.detect_judged(image)
    ]


def one(photo):
    try:
        image = data.open_photo(os.path.join(photo.root, photo.path))
        return photo.path, {"size": list(image.size), "faces": faces_of(image)}
    except Exception as error:  # noqa: BLE001 - one bad file must not end the run
        print(f"{photo.path}: {error}", file=sys.stderr)
        return photo.path, None


def read(runs, pack, split):
    path = cache_path(runs, pack, split)
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def write(path, found):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".new", "w", encoding="utf-8") as f:
        json.dump(found, f)
    os.replace(path + ".new", path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    data.add_arguments(parser)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    photos = data.photos_of(args)
    found = read(args.runs, args.pack, args.split)
    todo = [p for p in photos if p.path not in found]
    path, end = cache_path(args.runs, args.pack, args.split), data.deadline(args)
    with ProcessPoolExecutor(args.workers) as pool:
        for start in range(0, len(todo), 400):
            found.update(pool.map(one, todo[start : start + 400], chunksize=20))
            write(path, found)
            if end < time.time():
                break
    some = [f for f in found.values() if f]
    without = sum(1 for f in some if not f["faces"])
    print(f"{args.pack}-{args.split}: {len(some)} photos, {without} without a face")


if __name__ == "__main__":
    main()
