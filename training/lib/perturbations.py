"""Perturbations: what happens to a photo between its making and its upload.

Both classes get the same ones, so that neither size, format nor quality gives the class away. The
face's box follows every geometric step. A perturbation is called by its name (`perturb`):

- `clean`: none.
- `SHORTpx-jQUALITY`, such as `512px-j40`: the short side brought down to SHORT, then one JPEG.
- `fresh`, `sent`: an upload from the camera or generator; one through a messenger.
- `wornN`: things laid over the photo, colours and grain changed, then made smaller. Another N is
  another draw.
- a name of overlays.SINGLE: that change alone, then one JPEG.
"""

import io
import math
import random

import numpy as np
from PIL import Image, ImageOps

from lib import overlays

FILTERS = [
    Image.BILINEAR, Image.BILINEAR, Image.BICUBIC, Image.BICUBIC,
    Image.LANCZOS, Image.LANCZOS, Image.BOX, Image.HAMMING, Image.NEAREST,
]
SMOOTH_FILTERS = FILTERS[:-1]
LONG_SIDE_MAX = 1600


def encode(image, kind, quality, subsampling=2):
    """Encodes the photo once and returns what a decoder makes of it."""
    out = io.BytesIO()
    if kind == "jpeg":
        image.save(out, "JPEG", quality=quality, subsampling=subsampling)
    else:
        image.save(out, "WEBP", quality=quality, method=0)
    out.seek(0)
    return Image.open(out).convert("RGB")


def resize(image, box, factor, method):
    """Scales photo and box by the factor."""
    w, h = image.size
    size = (max(1, round(w * factor)), max(1, round(h * factor)))
    if size == (w, h):
        return image, box
    sx, sy = size[0] / w, size[1] / h
    box = None if box is None else (box[0] * sx, box[1] * sy, box[2] * sx, box[3] * sy)
    return image.resize(size, method), box


def crop(image, box, rng):
    """Crops at random; keeps the face's box in the photo where there is one."""
    w, h = image.size
    if box is None:
        keep = rng.uniform(0.6, 1.0)
        cw, ch = max(1, int(w * keep)), max(1, int(h * keep * rng.uniform(0.8, 1.0)))
        x0, y0 = rng.randint(0, w - cw), rng.randint(0, h - ch)
        return image.crop((x0, y0, x0 + cw, y0 + ch)), None
    margin = rng.choice([0.3, 0.5, 0.8, 1.2, 2.0]) * max(box[2], box[3])
    left = max(0, box[0] - margin * rng.uniform(0.3, 1.0))
    top = max(0, box[1] - margin * rng.uniform(0.3, 1.0))
    right = min(w, box[0] + box[2] + margin * rng.uniform(0.3, 1.0))
    bottom = min(h, box[1] + box[3] + margin * rng.uniform(0.3, 1.0))
    x0, y0, x1, y1 = int(left), int(top), math.ceil(right), math.ceil(bottom)
    if min(x1 - x0, y1 - y0) < 48:
        return image, box
    return image.crop((x0, y0, x1, y1)), (box[0] - x0, box[1] - y0, box[2], box[3])


def mirror(image, box):
    w = image.size[0]
    box = None if box is None else (w - box[0] - box[2], box[1], box[2], box[3])
    return ImageOps.mirror(image), box


def shift_box(box, rng, amount=0.03):
    """Moves the box a little, as another detector, or the same on another day, would find it."""
    if box is None:
        return None
    x, y, w, h = box
    scale = math.exp(rng.uniform(-amount, amount) * 1.5)
    cx = x + w / 2 + rng.uniform(-amount, amount) * w
    cy = y + h / 2 + rng.uniform(-amount, amount) * h
    return cx - w * scale / 2, cy - h * scale / 2, w * scale, h * scale


def make_fresh(image, box, rng):
    """Uploads straight from the camera or the generator: at most a crop, one size, one encoding.

    Always encodes once, so that files that were never compressed do not give their class away.
    """
    if rng.random() < 0.5:
        image, box = mirror(image, box)
    if rng.random() < 0.3:
        image, box = crop(image, box, rng)
    short = min(image.size)
    factor = min(1.0, LONG_SIDE_MAX / max(image.size))
    if rng.random() < 0.6 and short > 160:
        factor = min(factor, math.exp(rng.uniform(math.log(max(160, 0.3 * short) / short), 0.0)))
    image, box = resize(image, box, factor, rng.choice(SMOOTH_FILTERS))
    kind = "jpeg" if rng.random() < 0.9 else "webp"
    return encode(image, kind, rng.randint(75, 96), rng.choice([0, 2])), box


def make_sent(image, box, rng):
    """Sends the photo through a messenger or a dating app: 256-800 px, then encoded hard."""
    if rng.random() < 0.5:
        image, box = mirror(image, box)
    if rng.random() < 0.3:
        image, box = crop(image, box, rng)
    if rng.random() < 0.5:
        image = encode(image, "jpeg", rng.randint(70, 95), rng.choice([0, 2]))
    goal = math.exp(rng.uniform(math.log(256), math.log(800)))
    factor = min(1.0, goal / min(image.size))
    image, box = resize(image, box, factor, rng.choice(SMOOTH_FILTERS))
    return encode(image, "jpeg", rng.randint(35, 75), 2), box


def make_worn(image, box, rng):
    """Lays things over the photo or changes its colours, then mostly makes it small."""
    if rng.random() < 0.5:
        image, box = mirror(image, box)
    if rng.random() < 0.4:
        image, box = crop(image, box, rng)
    image = overlays.apply_some(image, rng)
    if rng.random() < 0.65:
        goal = np.exp(rng.uniform(np.log(150), np.log(450)))
        factor = min(1.0, goal / min(image.size))
        image, box = resize(image, box, factor, rng.choice(SMOOTH_FILTERS))
        return encode(image, "jpeg", rng.randint(35, 85)), box
    return encode(image, "jpeg", rng.randint(75, 96), rng.choice([0, 2])), box


RANDOM = {"fresh": make_fresh, "sent": make_sent}


def shrink(name, image, box):
    """Applies `SHORTpx-jQUALITY`."""
    short, quality = name.split("px-j")
    factor = min(1.0, int(short) / min(image.size))
    image, box = resize(image, box, factor, Image.BICUBIC)
    return encode(image, "jpeg", int(quality), 2), box


def seed_rng(seed, name):
    """Returns a generator that draws the same for the same photo on every machine."""
    return random.Random(f"{seed}#{name}")


def perturb(name, image, box, seed):
    """Applies the perturbation of that name; returns the photo and its box."""
    if name == "clean":
        return image, box
    if "px-j" in name:
        return shrink(name, image, box)
    rng = seed_rng(seed, name)
    if name in overlays.SINGLE:
        return encode(overlays.SINGLE[name](image, rng), "jpeg", 88), box
    if name not in RANDOM and not name.startswith("worn"):
        raise ValueError(f"unknown perturbation {name!r}")
    image, box = RANDOM.get(name, make_worn)(image, box, rng)
    return image, shift_box(box, rng)
