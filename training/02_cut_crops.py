"""Cut the crops of every labelled photo, under one perturbation.

    02_cut_crops.py --set small --perturbation clean
    02_cut_crops.py --set originals --perturbation sent --split train

The set `small` is `../shared/data/faces/train`, `../shared/data/more` and
`../shared/data/faces/val`, in this order; `originals` is what extract.py brought, at most COUNT_MAX
photos a source and generator. The first call finds the faces. Writes RUNS/SET/crops (lib/crops.py).
Continues where it stopped.
"""

import argparse
import os
import sys
import time

from lib import boxes, crops, paths, perturbations, photos, twins

COUNT_MAX = {"val": 25, "train": 60}


def read_originals(root):
    """Reads the originals' rows, at most COUNT_MAX of each source and generator."""
    rows = []
    for split, count_max in COUNT_MAX.items():
        some = photos.cap_rows(photos.read_rows(root, split), count_max)
        rows += sorted(some, key=lambda r: r["path"])
    return rows


def find_faces(folder, rows):
    """Finds the faces of all photos and writes photos.json; leaves out what cannot be decoded."""
    started = time.time()
    for at, row in enumerate(rows):
        try:
            image = photos.open_photo(photos.locate(row))
            row["size"], row["faces"] = list(image.size), boxes.find_faces(image)
        except OSError as error:
            print(f"{row['path']}: {error}", file=sys.stderr)
        if at % 500 == 499:
            print(f"faces: {at + 1}/{len(rows)}, {time.time() - started:.0f} s", flush=True)
    crops.write_rows(folder, [r for r in rows if "faces" in r])


def cut_photo(row, perturbation):
    """Decodes, perturbs and cuts one photo."""
    image, box = photos.open_photo(photos.locate(row)), boxes.choose_box(row["faces"])
    return crops.cut_crops(*perturbations.perturb(perturbation, image, box, row["path"]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", default=paths.RUNS)
    parser.add_argument("--originals", default=paths.ORIGINALS)
    parser.add_argument("--set", choices=["small", "originals"], default="small")
    parser.add_argument("--perturbation", default="clean")
    parser.add_argument("--split", help="only photos of this split")
    args = parser.parse_args()
    folder, name = os.path.join(args.runs, args.set), args.perturbation
    if crops.read_rows(folder) is None:
        rows = small = photos.read_small_pack()
        if args.set == "originals":
            rows = read_originals(args.originals)
            twins.mark_twins(rows, small)
        find_faces(folder, rows)
    rows = crops.read_rows(folder)
    new = not os.path.exists(os.path.join(crops.locate_folder(folder), name + ".done.u8"))
    pixels, done = crops.open_crops(folder, name, len(rows), "w+" if new else "r+")
    for at, row in enumerate(rows):
        if done[at] or args.split not in (None, row["split"]):
            continue
        try:
            pixels[at] = cut_photo(row, name)
            done[at] = 1
        except OSError as error:
            print(f"{row['path']}: {error}", file=sys.stderr)
        if at % 500 == 499:
            print(f"{name}: {at + 1}/{len(rows)}", flush=True)


if __name__ == "__main__":
    main()
