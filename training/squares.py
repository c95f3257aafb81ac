"""Two squares of every photo, small enough to send to another machine: what `tune.py` trains on.

    squares.py --sets originals:train:300,originals:more:0,pack:train:0 --name first

Cuts around the foremost face (2.0 box sides, so that the look of 1.6 can be jittered) and the
largest centred square, brings each to at most SIDE px and encodes it once, both classes alike.
Writes RUNS/squares/NAME.bin (the JPEGs, one after the other) and NAME.json (per photo: label,
source, generator, path, set, the face inside its square, and where the JPEGs lie).
"""

import argparse
import io
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor

from PIL import Image

import boxes
import data
import looks

SIDE = 320
WHOLE_SIDE = 288
ROOM = 2.0
QUALITY = 88


def packed(image, square, side):
    x0, y0, s = square
    piece = image.crop((x0, y0, x0 + s, y0 + s))
    if s > side:
        piece = piece.resize((side, side), Image.BOX if s > 2 * side else Image.BICUBIC)
    out = io.BytesIO()
    piece.save(out, "JPEG", quality=QUALITY, subsampling=2, optimize=True)
    return out.getvalue(), piece.size[0]


def one(task):
    root, row = task
    try:
        image = data.open_photo(os.path.join(root, row["path"]))
    except Exception as error:  # noqa: BLE001 - one bad file must not end the run
        print(f"{row['path']}: {error}", file=sys.stderr)
        return None
    w, h = image.size
    x, y, bw, bh = row["box"]
    face = looks.face_square(w, h, row["box"], ROOM)
    whole = looks.whole_square(w, h)
    face_bytes, face_side = packed(image, face, SIDE)
    whole_bytes, whole_side = packed(image, whole, WHOLE_SIDE)
    scale = face_side / face[2]
    centre = [round((x + bw / 2 - face[0]) * scale, 2), round((y + bh / 2 - face[1]) * scale, 2)]
    return row | {"centre": centre, "box_side": round(max(bw, bh) * scale, 2),
                  "sides": [face_side, whole_side]}, face_bytes, whole_bytes


def rows_of(args, text):
    pack, split, most = text.split(":")
    found = boxes.read(args.runs, pack, split)
    root = data.PACK if pack == "pack" else args.originals
    photos = data.read_photos(root, split)
    tasks = []
    for p in data.capped(photos, int(most)) if int(most) else photos:
        seen = found.get(p.path)
        if pack == "pack" and p.source in data.DEALT:
            continue  # the same photo has another name in each pack
        if seen and seen["faces"]:
            box = looks.foremost(seen["faces"])[:4]
            tasks.append((root, {"path": p.path, "label": p.label, "source": p.source,
                                 "generator": p.generator, "set": f"{pack}-{split}", "box": box}))
    return tasks


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    data.add_arguments(parser)
    parser.add_argument("--sets", required=True, help="PACK:SPLIT:MOST, by comma")
    parser.add_argument("--name", required=True)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    tasks = [t for text in args.sets.split(",") for t in rows_of(args, text)]
    folder = os.path.join(args.runs, "squares")
    os.makedirs(folder, exist_ok=True)
    rows, at = [], 0
    with open(os.path.join(folder, args.name + ".bin"), "wb") as f:
        with ProcessPoolExecutor(args.workers) as pool:
            for found in pool.map(one, tasks, chunksize=20):
                if found is None:
                    continue
                row, *pieces = found
                del row["box"]
                row["bytes"] = []
                for piece in pieces:
                    row["bytes"].append([at, len(piece)])
                    at += f.write(piece)
                rows.append(row)
    with open(os.path.join(folder, args.name + ".json"), "w", encoding="utf-8") as f:
        json.dump(rows, f)
    print(f"{args.name}: {len(rows)} photos, {at} bytes")


if __name__ == "__main__":
    main()
