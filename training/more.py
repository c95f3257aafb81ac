"""More photos than `../shared/data/sources.csv` names: AI-made portraits, photos, and drawings.

    more.py --clones CLONES --out data/originals

`more.csv` names git blobs of public repositories, none of which is in `val`. They were sorted by eye
on sheets of face crops. `ai_photo` looks like a photo, comes from where AI-made pictures are shown and is plainly no reference;
`real_photo` is a portrait taken by a camera, published before generators made such; `drawn` is a
drawing, a cartoon or a figure. Pictures that are neither, or that may be a real person's photo
given to a generator, are not in the list. Writes OUT/more.csv and OUT/drawn.csv, two more splits of
the originals. Safe to run again.
"""

import argparse
import csv
import os
import subprocess

import data

# A split, a label and how sources are named for each kind.
KINDS = {"ai_photo": ("more", 1, "{}_more"), "real_photo": ("more", 0, "{}_more"),
         "drawn": ("drawn", 1, "{}_drawn")}


def blob(clones, repository, digest):
    """Bytes of a blob, or None where the clone or the blob is missing."""
    git = os.path.join(clones, repository.replace("/", "+"), "repo")
    found = subprocess.run(["git", "-C", git, "cat-file", "blob", digest], capture_output=True,
                           check=False)
    return found.stdout if found.returncode == 0 else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clones", required=True)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    with open(os.path.join(data.HERE, "more.csv"), newline="", encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    tables, seen, missing = {}, set(), 0
    for row in rows:
        if row["git_blob"] in seen:
            continue
        seen.add(row["git_blob"])
        found = blob(args.clones, row["repository"], row["git_blob"])
        if found is None:
            missing += 1
            continue
        split, label, pattern = KINDS[row["kind"]]
        source = pattern.format(row["repository"].split("/")[0])
        name = row["git_blob"][:12] + "_" + os.path.basename(row["name"])[-40:]
        path = os.path.join(split, source, name)
        os.makedirs(os.path.dirname(os.path.join(args.out, path)), exist_ok=True)
        with open(os.path.join(args.out, path), "wb") as f:
            f.write(found)
        tables.setdefault(split, []).append([path, label, source, row["generator"]])
    for split, table in tables.items():
        with open(os.path.join(args.out, split + ".csv"), "w", newline="", encoding="utf-8") as f:
            writer = csv.writer(f)
            writer.writerow(["path", "label", "source", "generator"])
            writer.writerows(table)
        print(f"{split}: {len(table)} pictures")
    print(f"missing: {missing}")


if __name__ == "__main__":
    main()
