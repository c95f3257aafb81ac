"""The labelled photos: which there are, which fold each belongs to, how much each counts.

A `Photo` is one row of a table of labelled photos. Two packs exist: `pack` (small, short side
224, one encoder) and `originals` (full size). Both carry the same `source` names, so one fold
map holds for both: whatever shares an origin shares a fold and never sits on both sides.
"""

import csv
import hashlib
import io
import os
import time
from collections import Counter
from dataclasses import dataclass

from PIL import Image, ImageFile, ImageOps

ImageFile.LOAD_TRUNCATED_IMAGES = True
Image.MAX_IMAGE_PIXELS = 200_000_000

HERE = os.path.dirname(os.path.abspath(__file__))
SHARED = os.path.join(os.path.dirname(HERE), "..", "shared", "data")
PACK = os.path.join(SHARED, "faces")
FOLDS = 5

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


def folds_of(photos, count=FOLDS):
    """Fold of each group: groups are dealt out, largest first, to the fold that lacks most.

    Each class is dealt by itself so that every fold holds both, by groups and by photos.
    """
    sizes = Counter((p.group, p.label) for p in photos)
    fold, load = {}, Counter()
    for (group, label), n in sorted(sizes.items(), key=lambda kv: (-kv[1], kv[0])):
        if group in fold:
            load[fold[group], label] += min(n, 150)
            continue
        best = min(range(count), key=lambda k: (load[k, label], k))
        fold[group] = best
        load[best, label] += min(n, 150)
    return fold


def weights_of(photos, power=0.5):
    """Weight of each photo: classes equal, and a source counts as its size to the power given.

    power 0 makes every source (and generator within it) equal, 1 every photo equal.
    """
    sizes = Counter((p.label, p.source, p.generator) for p in photos)
    raw = [sizes[p.label, p.source, p.generator] ** (power - 1.0) for p in photos]
    total = Counter()
    for p, w in zip(photos, raw):
        total[p.label] += w
    return [w * len(photos) / (2.0 * total[p.label]) for p, w in zip(photos, raw)]


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


def add_arguments(parser):
    """The arguments that every step shares."""
    parser.add_argument("--runs", default=os.path.join(HERE, "runs"), help="where results go")
    parser.add_argument("--originals", default=os.path.join(HERE, "data", "originals"))
    parser.add_argument("--pack", choices=["pack", "originals"], default="pack")
    parser.add_argument("--split", choices=["train", "val", "more", "drawn"],
                        default="train")
    parser.add_argument("--most", type=int, default=0, help="photos a source and generator")
    parser.add_argument("--minutes", type=float, default=600.0, help="stop after so long")


def deadline(args):
    return time.time() + 60.0 * args.minutes


def photos_of(args, pack=None, split=None):
    root = PACK if (pack or args.pack) == "pack" else args.originals
    photos = read_photos(root, split or args.split)
    return capped(photos, args.most) if args.most else photos
