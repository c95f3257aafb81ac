"""Compare how often real photos of groups are flagged: region, skin, age, colour and source.

    11_compare_groups.py --name synthetic-6

Reads the scores that the thresholds come from (RUNS/heads/NAME-held-out.npz: heads that saw nothing
of a photo's source) and prints, for the 1 % threshold, the share of real photos above it with its
Wilson interval. Groups are what sources say of themselves or write into file names; no face was
looked at to sort it. Whether a photo is grey is measured on its pixels.
"""

import argparse
import os

import numpy as np

from lib import crops, measures, model_files, paths, photos
from lib import table as tables
from tuning import cut_crops

# Where a source's people are from, by what the source is about.
REGIONS = {
    "shineyoureye-ng": "Nigeria", "us-congress-voteview-bio": "United States",
    "us-congress-voteview-wiki": "United States", "chihacknight": "United States",
    "hackclub-site": "United States", "stuyam-wedding": "United States",
    "gailkirkland": "United States", "fossasia-2016": "South and East Asia",
    "fossasia-2017": "South and East Asia", "fossasia-site": "South and East Asia",
    "pycontw": "South and East Asia", "udghosh": "South and East Asia",
    "balaji-nomask": "China and others", "prajnasb-nomask": "China and others",
    "kotayoshida": "Japan",
}
# UTKFace writes age, gender and skin or origin into each name.
UTK_ORIGINS = ["UTKFace: White", "UTKFace: Black", "UTKFace: Asian", "UTKFace: Indian",
               "UTKFace: other"]
AGES = [(0, 12), (13, 25), (26, 45), (46, 65), (66, 120)]


def parse_utk_name(path):
    """Reads (age, origin) out of a name such as ..._35_0_1_2017...jpg, or returns None."""
    parts = os.path.basename(path).split(".")[0].split("_")
    for at in range(len(parts) - 3):
        numbers = parts[at : at + 3]
        if all(v.isdigit() for v in numbers) and len(parts[at + 3]) == 17:
            age, _, origin = (int(v) for v in numbers)
            if origin < len(UTK_ORIGINS) and age <= 120:
                return age, origin
    return None


def is_grey(photo):
    """Returns whether the channels of a photo hardly differ."""
    photo.thumbnail((64, 64))
    pixels = np.asarray(photo.convert("RGB"), np.int16)
    return bool(np.abs(pixels - pixels.mean(2, keepdims=True)).mean() < 2.0)


def find_groups(row):
    """Returns the groups that a photo belongs to: [(kind of group, its name)]."""
    path, source = row["path"], row["source"]
    found = [("all", "all"), ("source", source)]
    if source in REGIONS:
        found.append(("region", REGIONS[source]))
    utk = parse_utk_name(path) if source.startswith("utkface") else None
    if utk:
        found.append(("origin, by UTKFace", UTK_ORIGINS[utk[1]]))
        low, high = next(a for a in AGES if a[0] <= utk[0] <= a[1])
        found.append(("age, by UTKFace", f"{low} to {high}"))
    try:
        photo = photos.open_photo(photos.locate(row))
        found.append(("colour", "grey" if is_grey(photo) else "colour"))
    except OSError:
        pass
    return found


def read_photos(args):
    """Reads the rows of all photos, by the number that the held-out scores name them by."""
    if args.parcels:
        roots = {"more": paths.MORE_PACK, "originals": paths.ORIGINALS}
        return {cut_crops.number_photo(row["key"]):
                row | {"root": roots.get(row["split"], paths.SMALL_PACK)}
                for row in cut_crops.read_rows(args.parcels)}
    return {tables.OFFSETS[name] + at: row for name in tables.OFFSETS
            for at, row in enumerate(crops.read_rows(os.path.join(args.runs, name)) or [])}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", default=paths.RUNS)
    parser.add_argument("--name", required=True)
    parser.add_argument("--parcels", help="of a model that tuning/calibrate.py calibrated")
    parser.add_argument("--photos-min", type=int, default=15, help="of a group that is shown")
    args = parser.parse_args()
    facts = model_files.read_facts(args.runs, args.name)
    limit = next(t["score"] for t in facts["thresholds"] if t["fpr"] == 0.01)
    held_out = np.load(model_files.locate_model(args.runs, args.name) + "-held-out.npz")
    rows = read_photos(args)
    keep = (held_out["label"] == 0) & held_out["face"]
    scores, groups = {}, {}
    for photo, score in zip(held_out["photo"][keep], held_out["score"][keep]):
        if photo not in groups:
            groups[photo] = find_groups(rows[photo])
        for key in groups[photo]:
            scores.setdefault(key, []).append((photo, float(score)))
    print("| kind | group | photos | copies over the 1 % threshold | of | share | 95 % interval |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for (kind, group), some in sorted(scores.items()):
        count = len({photo for photo, _ in some})
        if count < args.photos_min:
            continue
        hits = sum(score >= limit for _, score in some)
        # Copies of one photo are no independent draws: the interval counts photos.
        low, high = measures.share_interval(hits * count / len(some), count)
        print(f"| {kind} | {group} | {count} | {hits} | {len(some)} | {hits / len(some):.3f} | "
              f"{low:.3f} to {high:.3f} |")


if __name__ == "__main__":
    main()
