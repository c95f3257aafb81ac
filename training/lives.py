"""Lives: what may happen to a photo between its making and its upload.

`live_through` gives a photo one random life, the same kinds for both classes, so that neither
size, format nor quality tells the class. `fixed_life` gives the lives that are measured on.
The face box follows every geometric step.
"""

import io
import math
import random

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

FILTERS = [
    Image.BILINEAR, Image.BILINEAR, Image.BICUBIC, Image.BICUBIC,
    Image.LANCZOS, Image.LANCZOS, Image.BOX, Image.HAMMING, Image.NEAREST,
]
LONG_SIDE_MOST = 1600
SHORT_SIDE_LEAST = 96


def encoded(image, kind, quality, subsampling=2):
    """The photo after one encoding: what a decoder gives back."""
    out = io.BytesIO()
    if kind == "jpeg":
        image.save(out, "JPEG", quality=quality, subsampling=subsampling)
    else:
        image.save(out, "WEBP", quality=quality, method=0)
    out.seek(0)
    return Image.open(out).convert("RGB")


def resized(image, box, factor, method):
    """Photo and box scaled by the factor."""
    w, h = image.size
    size = (max(1, round(w * factor)), max(1, round(h * factor)))
    if size == (w, h):
        return image, box
    sx, sy = size[0] / w, size[1] / h
    box = None if box is None else (box[0] * sx, box[1] * sy, box[2] * sx, box[3] * sy)
    return image.resize(size, method), box


def cropped(image, box, rng):
    """A random crop; one that holds the face's square where there is a face."""
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


def mirrored(image, box):
    w = image.size[0]
    box = None if box is None else (w - box[0] - box[2], box[1], box[2], box[3])
    return ImageOps.mirror(image), box


def coloured(image, rng):
    """A colour filter as phones and apps apply it."""
    for enhance in (ImageEnhance.Color, ImageEnhance.Contrast, ImageEnhance.Brightness):
        if rng.random() < 0.6:
            image = enhance(image).enhance(rng.uniform(0.65, 1.4))
    if rng.random() < 0.5:
        gains = [rng.uniform(0.88, 1.12) for _ in range(3)]
        gamma = rng.uniform(0.75, 1.3)
        ramp = (np.arange(256) / 255.0) ** gamma * 255.0
        table = np.concatenate([np.clip(ramp * g, 0, 255) for g in gains])
        image = image.point(table.astype(np.uint8).tolist())
    return image


def noised(image, rng):
    pixels = np.asarray(image, dtype=np.float32)
    random_state = np.random.default_rng(rng.getrandbits(32))
    shape = pixels.shape if rng.random() < 0.5 else pixels.shape[:2] + (1,)
    noise = random_state.standard_normal(shape, dtype=np.float32) * rng.uniform(1.0, 9.0)
    return Image.fromarray(np.clip(pixels + noise + 0.5, 0, 255).astype(np.uint8))


def smoothed(image, rng):
    """Beauty smoothing: low contrast detail goes, edges stay."""
    soft = image.filter(ImageFilter.GaussianBlur(rng.uniform(1.5, 3.5)))
    a, b = np.asarray(image, np.float32), np.asarray(soft, np.float32)
    keep = np.clip(np.abs(a - b).max(axis=2, keepdims=True) / rng.uniform(15, 40), 0, 1)
    return Image.fromarray((b + (a - b) * keep + 0.5).clip(0, 255).astype(np.uint8))


def overlaid(image, rng):
    """A sticker, a line of text or a frame."""
    image = image.copy()
    draw, (w, h) = ImageDraw.Draw(image), image.size
    colour = tuple(rng.randint(0, 255) for _ in range(3))
    kind = rng.random()
    if kind < 0.4:
        x, y, s = rng.random() * w, rng.choice([0.05, 0.9]) * h, rng.uniform(0.05, 0.2) * w
        draw.ellipse((x, y, x + s, y + s), fill=colour)
    elif kind < 0.8:
        words = "".join(rng.choice("abcdefgh ijklmnopq") for _ in range(rng.randint(5, 25)))
        draw.text((rng.random() * w * 0.6, rng.choice([0.02, 0.92]) * h), words, fill=colour)
    else:
        thick = max(1, int(rng.uniform(0.01, 0.05) * min(w, h)))
        draw.rectangle((0, 0, w - 1, h - 1), outline=colour, width=thick)
    return image


def touched(image, rng, strength):
    """The pixel changes of one life, each with its own chance."""
    if rng.random() < 0.25 * strength:
        image = coloured(image, rng)
    if rng.random() < 0.10 * strength:
        image = ImageOps.grayscale(image).convert("RGB")
    if rng.random() < 0.15 * strength:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.6)))
    if rng.random() < 0.15 * strength:
        image = noised(image, rng)
    if rng.random() < 0.15 * strength:
        percent = rng.randint(40, 160)
        image = image.filter(ImageFilter.UnsharpMask(rng.uniform(0.5, 2.5), percent, 1))
    if rng.random() < 0.06 * strength:
        image = image.filter(ImageFilter.MedianFilter(3))
    if rng.random() < 0.08 * strength:
        image = smoothed(image, rng)
    if rng.random() < 0.06 * strength:
        image = overlaid(image, rng)
    return image


def sized(image, box, rng):
    """A random size: mostly smaller, log-uniform in the short side."""
    short, long = min(image.size), max(image.size)
    if short < SHORT_SIDE_LEAST and rng.random() < 0.7:
        return image, box
    high = min(1024.0, short * 1.2)
    low = min(112.0, short * 0.7)
    factor = math.exp(rng.uniform(math.log(low), math.log(high))) / short
    if rng.random() < 0.2:
        factor = 1.0
    factor = min(factor, LONG_SIDE_MOST / long)
    if box is not None:  # a face smaller than 40 px is no longer what is looked at
        factor = max(factor, min(1.0, 40.0 / max(box[2], box[3])))
    return resized(image, box, factor, rng.choice(FILTERS))


def live_through(image, box, rng, strength=1.0):
    """One random life. Returns the photo and its box."""
    if rng.random() < 0.5:
        image, box = mirrored(image, box)
    if max(image.size) > 2 * LONG_SIDE_MOST:
        image, box = resized(image, box, 2 * LONG_SIDE_MOST / max(image.size), Image.BOX)
    if rng.random() < 0.55:
        image, box = cropped(image, box, rng)
    if rng.random() < 0.10:
        image = encoded(image, "jpeg", rng.randint(60, 95), rng.choice([0, 2]))
    image, box = sized(image, box, rng)
    image = touched(image, rng, strength)
    for turn in range(rng.choice([1, 1, 1, 2, 2, 3])):
        if turn and rng.random() < 0.4:  # the next service resizes a little
            shrink = rng.uniform(0.75, 1.1)
            if min(image.size) * shrink >= SHORT_SIDE_LEAST:
                image, box = resized(image, box, shrink, rng.choice(FILTERS))
        kind = "jpeg" if rng.random() < 0.8 else "webp"
        image = encoded(image, kind, rng.randint(30, 95), rng.choice([0, 2, 2]))
    return image, box


def fresh_life(image, box, rng):
    """An upload straight from the camera or the generator: at most a crop, one size, one encoding.

    Always encoded once, so that a class whose files were never compressed isn't told by that.
    """
    if rng.random() < 0.5:
        image, box = mirrored(image, box)
    if rng.random() < 0.3:
        image, box = cropped(image, box, rng)
    short = min(image.size)
    factor = min(1.0, LONG_SIDE_MOST / max(image.size))
    if rng.random() < 0.6 and short > 160:
        factor = min(factor, math.exp(rng.uniform(math.log(max(160, 0.3 * short) / short), 0.0)))
    image, box = resized(image, box, factor, rng.choice(FILTERS[:-1]))
    kind = "jpeg" if rng.random() < 0.9 else "webp"
    return encoded(image, kind, rng.randint(75, 96), rng.choice([0, 2])), box


def sent_life(image, box, rng):
    """As a messenger or a dating app leaves it: brought to 256-800 px, then encoded hard."""
    if rng.random() < 0.5:
        image, box = mirrored(image, box)
    if rng.random() < 0.3:
        image, box = cropped(image, box, rng)
    if rng.random() < 0.5:
        image = encoded(image, "jpeg", rng.randint(70, 95), rng.choice([0, 2]))
    goal = math.exp(rng.uniform(math.log(256), math.log(800)))
    factor = min(1.0, goal / min(image.size))
    image, box = resized(image, box, factor, rng.choice(FILTERS[:-1]))
    return encoded(image, "jpeg", rng.randint(35, 75), 2), box


NAMED = {"fresh": fresh_life, "sent": sent_life}


def jittered(box, rng, amount=0.06):
    """The box as another detector, or the same on another day, would give it."""
    if box is None:
        return None
    x, y, w, h = box
    scale = math.exp(rng.uniform(-amount, amount) * 1.5)
    cx = x + w / 2 + rng.uniform(-amount, amount) * w
    cy = y + h / 2 + rng.uniform(-amount, amount) * h
    return cx - w * scale / 2, cy - h * scale / 2, w * scale, h * scale


def fixed_life(name, image, box):
    """`clean`, or `SHORTpx-jQUALITY`: short side brought down to SHORT, then one JPEG."""
    if name == "clean":
        return image, box
    short, quality = name.split("px-j")
    factor = min(1.0, int(short) / min(image.size))
    image, box = resized(image, box, factor, Image.BICUBIC)
    return encoded(image, "jpeg", int(quality), 2), box


def rng_for(path, life):
    """The same life for the same photo on every machine."""
    return random.Random(f"{path}#{life}")
