"""The labelled photos: reads their tables and decodes them.

A photo's row is a dict with `path` (relative to `root`), `root`, `label` (1 = made by AI),
`source`, `generator`, `kind` and `split`. Three packs exist: the small pack (short side 224, one
encoder), `more` (alike), and the full-size originals.
"""

import csv
import hashlib
import io
import os
from collections import Counter

from PIL import Image, ImageFile, ImageOps

from lib import paths

ImageFile.LOAD_TRUNCATED_IMAGES = True
Image.MAX_IMAGE_PIXELS = 200_000_000


def read_rows(root, split, table=None):
    """Reads ROOT/SPLIT.csv, or another table of ROOT; leaves out photos that are not there."""
    with open(os.path.join(root, table or split + ".csv"), newline="", encoding="utf-8") as f:
        found = [r for r in csv.DictReader(f) if os.path.exists(os.path.join(root, r["path"]))]
    rows = []
    for r in found:
        label = int(r["label"])
        kind = r.get("kind") or ("ai_photo" if label else "real")
        rows.append({"path": r["path"], "source": r["source"], "generator": r["generator"],
                     "kind": kind, "label": label, "split": split, "root": root})
    return rows


def read_small_pack():
    """Reads the rows of the small pack and of `more`: train, more, val."""
    return (read_rows(paths.SMALL_PACK, "train")
            + read_rows(paths.MORE_PACK, "more", "labels.csv")
            + read_rows(paths.SMALL_PACK, "val"))


def cap_rows(rows, count_max):
    """Keeps at most that many rows of each source and generator, chosen by a hash of the path."""
    counts, kept = Counter(), []
    for row in sorted(rows, key=lambda r: hashlib.sha1(r["path"].encode()).digest()):
        counts[row["source"], row["generator"]] += 1
        if counts[row["source"], row["generator"]] <= count_max:
            kept.append(row)
    return kept


def locate(row):
    """Returns the path of the photo's file."""
    return os.path.join(row["root"], row["path"])


def open_photo(path_or_bytes):
    """Decodes a photo to RGB, turned upright by its EXIF orientation."""
    source = io.BytesIO(path_or_bytes) if isinstance(path_or_bytes, bytes) else path_or_bytes
    with Image.open(source) as image:
        upright = ImageOps.exif_transpose(image)
        if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
            upright = upright.convert("RGBA")
            ground = Image.new("RGBA", upright.size, (255, 255, 255, 255))
            upright = Image.alpha_composite(ground, upright)
        return upright.convert("RGB")
