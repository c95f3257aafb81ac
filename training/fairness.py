"""How often real photos of each group are flagged: by region, skin, age, colour and source.

    fairness.py --name synthetic-6

Takes the scores that the thresholds come from (RUNS/heads/NAME-held-out.npz: heads that saw nothing
of a photo's source) and prints, for the 1 % threshold, the share of real photos above it with its
Wilson interval. Groups are what sources say of themselves or write into file names; nobody's face
was looked at to sort it. Whether a photo is grey is measured on its pixels.
"""

import argparse
import json
import math
import os

import numpy as np

import crops
import data
import table as tables

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


def utk_of(path):
    """(age, origin) out of a name such as ..._35_0_1_2017...jpg, or None."""
    parts = os.path.basename(path).split(".")[0].split("_")
    for at in range(len(parts) - 3):
        numbers = parts[at : at + 3]
        if all(v.isdigit() for v in numbers) and len(parts[at + 3]) == 17:
            age, _, origin = (int(v) for v in numbers)
            if origin < len(UTK_ORIGINS) and age <= 120:
                return age, origin
    return None


def is_grey(photo):
    """Whether the channels of a photo hardly differ."""
    photo.thumbnail((64, 64))
    pixels = np.asarray(photo.convert("RGB"), np.int16)
    return bool(np.abs(pixels - pixels.mean(2, keepdims=True)).mean() < 2.0)


def groups_of(row):
    path, source, root = row["path"], row["source"], row["root"]
    found = [("all", "all"), ("source", source)]
    if source in REGIONS:
        found.append(("region", REGIONS[source]))
    utk = utk_of(path) if source.startswith("utkface") else None
    if utk:
        found.append(("origin, by UTKFace", UTK_ORIGINS[utk[1]]))
        low, high = next(a for a in AGES if a[0] <= utk[0] <= a[1])
        found.append(("age, by UTKFace", f"{low} to {high}"))
    try:
        photo = data.open_photo(os.path.join(root, path))
        found.append(("colour", "grey" if is_grey(photo) else "colour"))
    except OSError:
        pass
    return found


def wilson(hits, count, z=1.96):
    """95 % interval of a share."""
    p, d = hits / count, 1 + z * z / count
    middle = (p + z * z / (2 * count)) / d
    half = z * math.sqrt(p * (1 - p) / count + z * z / (4 * count * count)) / d
    return max(0.0, middle - half), min(1.0, middle + half)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", default=os.path.join(data.HERE, "runs"))
    parser.add_argument("--name", required=True)
    parser.add_argument("--least", type=int, default=15, help="photos of a group that is shown")
    args = parser.parse_args()
    base = os.path.join(args.runs, "heads", args.name)
    with open(base + ".json", encoding="utf-8") as f:
        thresholds = {t["fpr"]: t["score"] for t in json.load(f)["thresholds"]}
    held = np.load(base + "-held-out.npz")
    rows = {tables.OFFSETS[name] + at: row for name in tables.OFFSETS
            for at, row in enumerate(crops.photos_of(os.path.join(args.runs, name)) or [])}
    keep = (held["label"] == 0) & held["face"]
    table, seen = {}, {}
    for photo, score in zip(held["photo"][keep], held["score"][keep]):
        if photo not in seen:
            seen[photo] = groups_of(rows[photo])
        for key in seen[photo]:
            table.setdefault(key, []).append((photo, float(score)))
    print("| kind | group | photos | copies over the 1 % threshold | of | share | 95 % interval |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for (kind, group), some in sorted(table.items()):
        photos = len({photo for photo, _ in some})
        if photos < args.least:
            continue
        hits = sum(score >= thresholds[0.01] for _, score in some)
        # Copies of one photo are no independent draws: the interval counts photos.
        low, high = wilson(hits * photos / len(some), photos)
        print(f"| {kind} | {group} | {photos} | {hits} | {len(some)} | {hits / len(some):.3f} | "
              f"{low:.3f} to {high:.3f} |")


if __name__ == "__main__":
    main()
