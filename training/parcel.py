"""Photos small enough to send to another machine, with their boxes, in parcels of one size.

    parcel.py --out parcels

Photos of `../shared/data` go as they are. Originals (what extract.py brought, at most MOST photos a
source and generator, more of FFHQ) are brought to a short side of SHORT pixels, or more where the
face would get too small, and encoded once, both classes alike. Writes OUT/photos.jsonl, one row
a photo: what is known of it, its foremost face's box in pixels of what is sent, and where its bytes
lie; and OUT/N.bin, each at most SIZE long. Photos are dealt to the parcels by a hash, so that some
of the parcels are a sample of all. Goes on where it stopped.
"""

import argparse
import hashlib
import io
import json
import os
import sys

from PIL import Image, ImageOps

import boxes
import crops
import data
import looks

MOST = 300
DEALT_MOST = 400
SHORT, FACE, LONG = 400, 280, 1024
QUALITY = 88
KEPT_MOST = 60_000  # bytes of an original that needs no resizing and goes as it is
SIZE = 57_000_000


def originals(root):
    photos = data.read_photos(root, "train")
    dealt = [p for p in photos if p.source in data.DEALT]
    other = [p for p in photos if p.source not in data.DEALT]
    return [{"path": p.path, "source": p.source, "generator": p.generator,
             "kind": "ai_photo" if p.label else "real", "label": p.label, "split": "originals",
             "root": root}
            for p in data.capped(dealt, DEALT_MOST) + data.capped(other, MOST)]


def opened(path):
    """The photo, decoded at half size or less where it is far larger than what is sent."""
    with Image.open(path) as image:
        if image.format == "JPEG" and image.mode == "RGB" and min(image.size) > 2 * LONG:
            image.draft("RGB", (LONG, LONG))
            return ImageOps.exif_transpose(image).convert("RGB")
    return data.open_photo(path)


def sent(row):
    """Bytes, size and the foremost face's box of what is sent of an original."""
    path = os.path.join(row["root"], row["path"])
    image = opened(path)
    face = looks.foremost(boxes.faces_of(image))
    box = face[:4] if face else None
    short, long = min(image.size), max(image.size)
    factor = SHORT / short
    if box:
        factor = max(factor, FACE / (crops.SCALE * max(box[2:])))
    factor = min(1.0, factor, max(LONG / long, 256 / short))
    if factor == 1.0 and os.path.getsize(path) < KEPT_MOST:
        with open(path, "rb") as f:
            return f.read(), image.size, box
    if factor < 1.0:
        size = tuple(max(1, round(s * factor)) for s in image.size)
        box = box and [box[k] * size[k % 2] / image.size[k % 2] for k in range(4)]
        image = image.resize(size, Image.LANCZOS)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY, subsampling=2, optimize=True)
    return out.getvalue(), image.size, box


def as_it_is(row):
    path = os.path.join(row["root"], row["path"])
    image = data.open_photo(path)
    face = looks.foremost(boxes.faces_of(image))
    with open(path, "rb") as f:
        return f.read(), image.size, face[:4] if face else None


def key(row):
    return hashlib.sha1(f"{row['split']}/{row['path']}".encode()).hexdigest()


def gather(rows, folder):
    """Writes each row's bytes to FOLDER/KEY and what is known of it to rows.jsonl."""
    os.makedirs(folder, exist_ok=True)
    table = os.path.join(folder, "rows.jsonl")
    done = set()
    if os.path.exists(table):
        with open(table, encoding="utf-8") as f:
            done = {json.loads(line)["key"] for line in f}
    with open(table, "a", encoding="utf-8") as f:
        for at, row in enumerate(rows):
            if key(row) in done:
                continue
            try:
                found, size, box = (sent if row["split"] == "originals" else as_it_is)(row)
            except (OSError, ValueError) as error:
                print(f"{row['path']}: {error}", file=sys.stderr)
                continue
            with open(os.path.join(folder, key(row)), "wb") as out:
                out.write(found)
            keep = {k: row[k] for k in ("path", "source", "generator", "kind", "label", "split")}
            box = box and [round(v, 2) for v in box]
            line = keep | {"key": key(row), "size": list(size), "box": box, "bytes": len(found)}
            f.write(json.dumps(line) + "\n")
            f.flush()
            if at % 500 == 499:
                print(f"{at + 1}/{len(rows)}", flush=True)


def pack(folder, out):
    """The parcels, from what `gather` wrote: val's and the small pack's photos first, then `more`'s
    and the originals by their hash."""
    with open(os.path.join(folder, "rows.jsonl"), encoding="utf-8") as f:
        rows = [json.loads(line) for line in f]
    rows.sort(key=lambda r: (r["split"] in ("more", "originals"), r["key"]))
    parcel, at, total = 0, 0, len(rows)
    body = open(os.path.join(out, "0.bin"), "wb")
    with open(os.path.join(out, "photos.jsonl"), "w", encoding="utf-8") as table:
        for row in rows:
            if at + row["bytes"] > SIZE:
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
    parser.add_argument("--originals", default=os.path.join(data.HERE, "data", "originals"))
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    rows = crops.labelled() + originals(args.originals)
    folder = os.path.join(args.out, "each")
    gather(rows, folder)
    pack(folder, args.out)


if __name__ == "__main__":
    main()
