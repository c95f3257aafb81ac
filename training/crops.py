"""Crops of every labelled photo in several histories, cut once: the whole photo and its face.

    crops.py --set small --history clean
    crops.py --set originals --history sent --split train

The set `small` is `../shared/data/faces/train`, `../shared/data/more` and
`../shared/data/faces/val`, in this order; `originals` is what extract.py brought, at most MOST
photos a source and generator. Writes RUNS/SET/crops/photos.json (labels, boxes) and HISTORY.u8
beside it ([photo, crop, SIDE, SIDE, 3]; crop 0 is the whole, 1 the face, empty where none was
found) with HISTORY.done.u8 ([photo]: 1 cut). Goes on where it stopped.
"""

import argparse
import csv
import json
import os
import sys
import time

import numpy as np

import boxes
import data
import lives
import looks
import overlays

SIDE = 224
CROPS = ["whole", "face"]
MOST = {"val": 25, "train": 60}
PHOTOS = [("train", "faces"), ("more", "more"), ("val", "faces")]
SCALE = 1.6


def labelled():
    """Rows of the small set whose file exists; `root` is the folder of the path."""
    rows = []
    for split, folder in PHOTOS:
        root = os.path.join(data.SHARED, folder)
        table = os.path.join(root, "labels.csv" if split == "more" else split + ".csv")
        with open(table, newline="", encoding="utf-8") as f:
            for r in csv.DictReader(f):
                if os.path.exists(os.path.join(root, r["path"])):
                    keep = {k: r[k] for k in ("path", "source", "generator", "kind")}
                    rows.append(keep | {"label": int(r["label"]), "split": split, "root": root})
    return rows


def originals(root):
    """Rows of the originals, as many of each source and generator as MOST."""
    rows = []
    for split, most in MOST.items():
        for p in sorted(data.capped(data.read_photos(root, split), most), key=lambda p: p.path):
            rows.append({"path": p.path, "source": p.source, "generator": p.generator,
                         "kind": "ai_photo" if p.label else "real", "label": p.label,
                         "split": split, "root": root})
    return rows


def path_of(row):
    return os.path.join(row["root"], row["path"])


def folder_of(runs):
    return os.path.join(runs, "crops")


def photos_of(runs):
    """The rows with `size` and `faces`, found once; {} where that has not been done."""
    path = os.path.join(folder_of(runs), "photos.json")
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def find_faces(runs, rows):
    started = time.time()
    for at, row in enumerate(rows):
        try:
            image = data.open_photo(path_of(row))
            row["size"], row["faces"] = list(image.size), boxes.faces_of(image)
        except OSError as error:
            print(f"{row['path']}: {error}", file=sys.stderr)
        if at % 500 == 499:
            print(f"faces: {at + 1}/{len(rows)}, {time.time() - started:.0f} s", flush=True)
    rows = [r for r in rows if "faces" in r]
    os.makedirs(folder_of(runs), exist_ok=True)
    path = os.path.join(folder_of(runs), "photos.json")
    with open(path + ".new", "w", encoding="utf-8") as f:
        json.dump(rows, f)
    os.replace(path + ".new", path)


def arrays(runs, history, count, mode):
    base = os.path.join(folder_of(runs), history)
    pixels = np.memmap(base + ".u8", np.uint8, mode, shape=(count, len(CROPS), SIDE, SIDE, 3))
    done = np.memmap(base + ".done.u8", np.uint8, mode, shape=(count,))
    return pixels, done


def box_of(row):
    seen = looks.foremost(row["faces"])
    return tuple(seen[:4]) if seen else None


def history_of(name, image, box, seed):
    """The photo and its box after that history; `seed` makes it the same everywhere."""
    if name == "clean" or "px-j" in name:
        return lives.fixed_life(name, image, box)
    rng = lives.rng_for(seed, name)
    if name in lives.NAMED:
        image, box = lives.NAMED[name](image, box, rng)
        return image, lives.jittered(box, rng, 0.03)
    if name in overlays_of:
        return lives.encoded(overlays_of[name](image, rng), "jpeg", 88), box
    if rng.random() < 0.5:
        image, box = lives.mirrored(image, box)
    if rng.random() < 0.4:
        image, box = lives.cropped(image, box, rng)
    image = overlays.worn(image, rng)
    if rng.random() < 0.65:
        goal = np.exp(rng.uniform(np.log(150), np.log(450)))
        image, box = lives.resized(image, box, min(1.0, goal / min(image.size)),
                                   rng.choice(lives.FILTERS[:-1]))
        image = lives.encoded(image, "jpeg", rng.randint(35, 85))
    else:
        image = lives.encoded(image, "jpeg", rng.randint(75, 96), rng.choice([0, 2]))
    return image, lives.jittered(box, rng, 0.03)


# Single changes, for measuring.
overlays_of = {name: getattr(overlays, name) for name in (
    "watermark", "caption", "stickers", "app_frame", "border", "grey", "sepia", "duotone",
    "profile", "noise", "screen_photo")}


def cut_one(row, history):
    """[crop, SIDE, SIDE, 3]; the face's crop is empty where there is no face."""
    image, box = history_of(history, data.open_photo(path_of(row)), box_of(row), row["path"])
    crops = np.zeros((len(CROPS), SIDE, SIDE, 3), np.uint8)
    crops[0] = looks.cut(image, looks.whole_square(*image.size), SIDE)
    if box:
        crops[1] = looks.cut(image, looks.face_square(*image.size, box, SCALE), SIDE)
    return crops


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", default=os.path.join(data.HERE, "runs"))
    parser.add_argument("--originals", default=os.path.join(data.HERE, "data", "originals"))
    parser.add_argument("--set", choices=["small", "originals"], default="small")
    parser.add_argument("--history", default="clean")
    parser.add_argument("--split", help="only that one's photos")
    args = parser.parse_args()
    runs = os.path.join(args.runs, args.set)
    if photos_of(runs) is None:
        find_faces(runs, labelled() if args.set == "small" else originals(args.originals))
    rows = photos_of(runs)
    new = not os.path.exists(os.path.join(folder_of(runs), args.history + ".done.u8"))
    pixels, done = arrays(runs, args.history, len(rows), "w+" if new else "r+")
    for at, row in enumerate(rows):
        if done[at] or args.split not in (None, row["split"]):
            continue
        try:
            pixels[at] = cut_one(row, args.history)
            done[at] = 1
        except OSError as error:
            print(f"{row['path']}: {error}", file=sys.stderr)
        if at % 500 == 499:
            print(f"{args.history}: {at + 1}/{len(rows)}", flush=True)


if __name__ == "__main__":
    main()
