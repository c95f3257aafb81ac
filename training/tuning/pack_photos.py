"""Pack photos and their boxes into parcels of one size, to send them to another machine.

    python -m tuning.pack_photos --out parcels

Photos of `../shared/data` are sent as they are. Originals (what extract.py brought, at most
COUNT_MAX photos a source and generator, more of FFHQ) are brought to a short side of SHORT pixels,
or more where the face would get too small, and encoded once, both classes alike.
Writes OUT/photos.jsonl, one row a photo: what is known of it, its foremost face's box in pixels of
what is sent, and where its bytes lie; and OUT/N.bin, each at most BYTES_MAX long. A hash decides
which parcel a photo goes into, so that some of the parcels are a sample of all. Continues where it
stopped.
"""

import argparse
import functools
import hashlib
import io
import json
import multiprocessing
import os
import sys

from PIL import Image, ImageOps

from lib import boxes, crops, paths, photos, sources, twins
from tuning import cut_crops

COUNT_MAX = 300
COUNT_MAX_BY_PHOTO = 400  # of sources whose photos are assigned to folds one by one
SHORT, FACE, LONG = 400, 280, 1024
QUALITY = 88
KEPT_BYTES_MAX = 60_000  # bytes of an original that needs no resizing and goes as it is
BYTES_MAX = 57_000_000


def read_originals(root, small):
    """Reads the originals to send; `twin` names the same photo among the small ones."""
    rows = photos.read_rows(root, "train")
    twins.mark_twins(rows, small)
    for row in rows:
        if "twin" in row:
            row["twin"] = cut_crops.number_photo(hash_row(small[row["twin"]]))
    by_photo = [r for r in rows if r["source"] in sources.SPLIT_BY_PHOTO]
    other = [r for r in rows if r["source"] not in sources.SPLIT_BY_PHOTO]
    chosen = photos.cap_rows(by_photo, COUNT_MAX_BY_PHOTO) + photos.cap_rows(other, COUNT_MAX)
    return [r | {"split": "originals"} for r in chosen]


def open_reduced(path):
    """Opens a photo, decoded at half size or less where it is far larger than what is sent."""
    with Image.open(path) as image:
        if image.format == "JPEG" and image.mode == "RGB" and min(image.size) > 2 * LONG:
            image.draft("RGB", (LONG, LONG))
            return ImageOps.exif_transpose(image).convert("RGB")
    return photos.open_photo(path)


def shrink(row):
    """Returns bytes, size and the foremost face's box of what is sent of an original."""
    path = photos.locate(row)
    image = open_reduced(path)
    box = boxes.choose_box(boxes.find_faces(image))
    short, long = min(image.size), max(image.size)
    factor = SHORT / short
    if box:
        factor = max(factor, FACE / (crops.FACE_SCALE * max(box[2:])))
    factor = min(1.0, factor, max(LONG / long, 256 / short))
    if factor == 1.0 and os.path.getsize(path) < KEPT_BYTES_MAX:
        with open(path, "rb") as f:
            return f.read(), image.size, box
    if factor < 1.0:
        size = tuple(max(1, round(s * factor)) for s in image.size)
        box = box and [box[k] * size[k % 2] / image.size[k % 2] for k in range(4)]
        image = image.resize(size, Image.LANCZOS)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY, subsampling=2, optimize=True)
    return out.getvalue(), image.size, box


def keep(row):
    """Returns the same of a photo that is sent as it is."""
    path = photos.locate(row)
    image = photos.open_photo(path)
    box = boxes.choose_box(boxes.find_faces(image))
    with open(path, "rb") as f:
        return f.read(), image.size, box


def hash_row(row):
    return hashlib.sha1(f"{row['split']}/{row['path']}".encode()).hexdigest()


def gather_one(row, folder):
    """Writes a row's bytes to FOLDER/KEY; returns what is known of it, or None."""
    try:
        found, size, box = (shrink if row["split"] == "originals" else keep)(row)
    except (OSError, ValueError) as error:
        print(f"{row['path']}: {error}", file=sys.stderr)
        return None
    with open(os.path.join(folder, hash_row(row)), "wb") as out:
        out.write(found)
    known = {k: v for k, v in row.items() if k != "root"}
    box = box and [round(v, 2) for v in box]
    return known | {"key": hash_row(row), "size": list(size), "box": box, "bytes": len(found)}


def gather(rows, folder, workers):
    """Writes each row's bytes to FOLDER/KEY, and what is known of it to rows.jsonl."""
    os.makedirs(folder, exist_ok=True)
    table = os.path.join(folder, "rows.jsonl")
    done = set()
    if os.path.exists(table):
        with open(table, encoding="utf-8") as f:
            done = {json.loads(line)["key"] for line in f}
    left = [row for row in rows if hash_row(row) not in done]
    work = functools.partial(gather_one, folder=folder)
    with open(table, "a", encoding="utf-8") as f, multiprocessing.Pool(workers) as pool:
        for at, known in enumerate(pool.imap_unordered(work, left, chunksize=8)):
            if known:
                f.write(json.dumps(known) + "\n")
                f.flush()
            if at % 500 == 499:
                print(f"{at + 1}/{len(left)}", flush=True)


def pack(folder, out):
    """Writes the parcels from what `gather` wrote: val's and the small pack's photos first, then
    `more`'s and the originals by their hash."""
    with open(os.path.join(folder, "rows.jsonl"), encoding="utf-8") as f:
        rows = [json.loads(line) for line in f]
    rows.sort(key=lambda r: (r["split"] in ("more", "originals"), r["key"]))
    parcel, at, total = 0, 0, len(rows)
    body = open(os.path.join(out, "0.bin"), "wb")
    with open(os.path.join(out, "photos.jsonl"), "w", encoding="utf-8") as table:
        for row in rows:
            if at + row["bytes"] > BYTES_MAX:
                body.close()
                parcel, at = parcel + 1, 0
                body = open(os.path.join(out, f"{parcel}.bin"), "wb")
            with open(os.path.join(folder, row["key"]), "rb") as f:
                body.write(f.read())
            table.write(json.dumps(row | {"parcel": parcel, "at": at}) + "\n")
            at += row["bytes"]
    body.close()
    print(f"{total} photos, {parcel + 1} parcels")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--originals", default=paths.ORIGINALS)
    parser.add_argument("--out", required=True)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    small = photos.read_small_pack()
    rows = small + read_originals(args.originals, small)
    folder = os.path.join(args.out, "each")
    gather(rows, folder, args.workers)
    pack(folder, args.out)


if __name__ == "__main__":
    main()
