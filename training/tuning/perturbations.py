"""More perturbations for training on many versions of a photo; see lib/perturbations.py."""

import math

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from lib import perturbations

SHORT_SIDE_MIN = 96
SMALL_PACK_SIDE = 224  # the short side of the small pack's photos


def filter_colours(image, rng):
    """Applies a colour filter, as phones and apps do."""
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


def add_noise(image, rng):
    pixels = np.asarray(image, dtype=np.float32)
    random_state = np.random.default_rng(rng.getrandbits(32))
    shape = pixels.shape if rng.random() < 0.5 else pixels.shape[:2] + (1,)
    noise = random_state.standard_normal(shape, dtype=np.float32) * rng.uniform(1.0, 9.0)
    return Image.fromarray(np.clip(pixels + noise + 0.5, 0, 255).astype(np.uint8))


def smooth_skin(image, rng):
    """Smooths as beauty filters do: takes out detail of low contrast, leaves edges."""
    soft = image.filter(ImageFilter.GaussianBlur(rng.uniform(1.5, 3.5)))
    a, b = np.asarray(image, np.float32), np.asarray(soft, np.float32)
    keep = np.clip(np.abs(a - b).max(axis=2, keepdims=True) / rng.uniform(15, 40), 0, 1)
    return Image.fromarray((b + (a - b) * keep + 0.5).clip(0, 255).astype(np.uint8))


def add_overlay(image, rng):
    """Draws a sticker, a line of text or a frame."""
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


def change_pixels(image, rng):
    """Changes pixels in several ways, each with its own chance."""
    if rng.random() < 0.25:
        image = filter_colours(image, rng)
    if rng.random() < 0.10:
        image = ImageOps.grayscale(image).convert("RGB")
    if rng.random() < 0.15:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.6)))
    if rng.random() < 0.15:
        image = add_noise(image, rng)
    if rng.random() < 0.15:
        percent = rng.randint(40, 160)
        image = image.filter(ImageFilter.UnsharpMask(rng.uniform(0.5, 2.5), percent, 1))
    if rng.random() < 0.06:
        image = image.filter(ImageFilter.MedianFilter(3))
    if rng.random() < 0.08:
        image = smooth_skin(image, rng)
    if rng.random() < 0.06:
        image = add_overlay(image, rng)
    return image


def change_size(image, box, rng):
    """Resizes at random: mostly smaller, log-uniform in the short side."""
    short, long = min(image.size), max(image.size)
    if short < SHORT_SIDE_MIN and rng.random() < 0.7:
        return image, box
    high = min(1024.0, short * 1.2)
    low = min(112.0, short * 0.7)
    factor = math.exp(rng.uniform(math.log(low), math.log(high))) / short
    if rng.random() < 0.2:
        factor = 1.0
    factor = min(factor, perturbations.LONG_SIDE_MAX / long)
    if box is not None:  # keeps the face at 40 px or more
        factor = max(factor, min(1.0, 40.0 / max(box[2], box[3])))
    return perturbations.resize(image, box, factor, rng.choice(perturbations.FILTERS))


def make_reposted(image, box, rng):
    """Sends the photo through one to three services, with edits before. Returns it and its box."""
    if rng.random() < 0.5:
        image, box = perturbations.mirror(image, box)
    if max(image.size) > 2 * perturbations.LONG_SIDE_MAX:
        factor = 2 * perturbations.LONG_SIDE_MAX / max(image.size)
        image, box = perturbations.resize(image, box, factor, Image.BOX)
    if rng.random() < 0.55:
        image, box = perturbations.crop(image, box, rng)
    if rng.random() < 0.10:
        image = perturbations.encode(image, "jpeg", rng.randint(60, 95), rng.choice([0, 2]))
    image, box = change_size(image, box, rng)
    image = change_pixels(image, rng)
    for service in range(rng.choice([1, 1, 1, 2, 2, 3])):
        if service and rng.random() < 0.4:  # the next service resizes a little
            shrink = rng.uniform(0.75, 1.1)
            if min(image.size) * shrink >= SHORT_SIDE_MIN:
                method = rng.choice(perturbations.FILTERS)
                image, box = perturbations.resize(image, box, shrink, method)
        kind = "jpeg" if rng.random() < 0.8 else "webp"
        image = perturbations.encode(image, kind, rng.randint(30, 95), rng.choice([0, 2, 2]))
    return image, box


def make_small(image, box, rng):
    """Makes the photo as the small pack's are: a short side of 224 pixels, one encoding."""
    factor = min(1.0, SMALL_PACK_SIDE / min(image.size))
    method = rng.choice([Image.LANCZOS, Image.BICUBIC])
    image, box = perturbations.resize(image, box, factor, method)
    return perturbations.encode(image, "jpeg", rng.choice([80, 85, 85, 90])), box
