"""The labelled photos: which there are, and which sources belong together.

A `Photo` is one row of a table of labelled photos. Two packs exist: `pack` (small, short side
224, one encoder) and `originals` (full size). Both carry the same `source` names, so one fold
map holds for both: whatever shares an origin shares a fold and never sits on both sides.
"""

import csv
import hashlib
import io
import os
from collections import Counter
from dataclasses import dataclass

from PIL import Image, ImageFile, ImageOps

ImageFile.LOAD_TRUNCATED_IMAGES = True
Image.MAX_IMAGE_PIXELS = 200_000_000

HERE = os.path.dirname(os.path.abspath(__file__))
SHARED = os.path.join(os.path.dirname(HERE), "..", "shared", "data")
PACK = os.path.join(SHARED, "faces")

# Sources that share photographers, people or a repository are one group.
GROUPS = {
    "sg2_omi_edit": "sg2_omi",
    "utkface-full": "utkface-200",
    "us-congress-voteview-wiki": "us-congress-voteview-bio",
    "fossasia-2017": "fossasia-2016",
    "fossasia-site": "fossasia-2016",
    "balaji-nomask": "prajnasb-nomask",
    "chandrika-mask-real": "prajnasb-nomask",
    "ruifei_headshots": "astria",
    "karhuzin": "astria",
    "tombcn": "astria",
    "11keene_more": "astria",
    "AbhinavJawle_more": "astria",
    "Tombcn71_more": "astria",
    "songguoxs_more": "songguo_gallery",
    "freestylefly_more": "freestyle",
    "xrv0_more": "realorfake_ffhq",
}

# FFHQ is one source by its crop only: tens of thousands of photographers. Its photos are dealt
# out to the folds one by one, so that a detector that has seen the crop is judged on others.
DEALT = {"realorfake_ffhq"}

# Quiz collections whose real photos were hardly checked (docs/model-card.md): they train and are
# reported on, but no error rate is fitted on them.
DOUBTFUL = {"aiornot", "forrealscan", "fjellheim", "revdeepgame", "aipic", "alterai", "justinhal",
            "vicliv_laion_real"}


@dataclass(frozen=True)
class Photo:
    path: str  # relative to its pack's root
    root: str
    label: int  # 1 = made by AI
    source: str
    generator: str

    @property
    def group(self):
        return GROUPS.get(self.source, self.source)


def read_photos(root, split):
    """Rows of ROOT/SPLIT.csv whose file exists."""
    with open(os.path.join(root, split + ".csv"), newline="", encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    photos = [
        Photo(r["path"], root, int(r["label"]), r["source"], r["generator"]) for r in rows
    ]
    return [p for p in photos if os.path.exists(os.path.join(root, p.path))]


def capped(photos, most):
    """At most `most` photos of each source and generator, chosen by a hash of the path."""
    seen, kept = Counter(), []
    for p in sorted(photos, key=lambda p: hashlib.sha1(p.path.encode()).digest()):
        seen[p.source, p.generator] += 1
        if seen[p.source, p.generator] <= most:
            kept.append(p)
    return kept


def open_photo(path_or_bytes):
    """Decoded RGB photo, turned upright by its EXIF orientation."""
    source = io.BytesIO(path_or_bytes) if isinstance(path_or_bytes, bytes) else path_or_bytes
    with Image.open(source) as image:
        upright = ImageOps.exif_transpose(image)
        if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
            upright = upright.convert("RGBA")
            ground = Image.new("RGBA", upright.size, (255, 255, 255, 255))
            upright = Image.alpha_composite(ground, upright)
        return upright.convert("RGB")
