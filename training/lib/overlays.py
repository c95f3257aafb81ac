"""What people, apps and sites lay over a photo or do to its colours, the same for both classes.

Every function takes an RGB photo and a `random.Random` and returns an RGB photo of the same size.
"""

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

LETTERS = "aaabcdeeefghiiijklmnooopqrstuvwxyz"
MARKS = ["PREVIEW", "SAMPLE", "stock photo", "(c) studio", "proof", "DRAFT", "do not copy"]


def make_words(rng, count):
    return " ".join("".join(rng.choice(LETTERS) for _ in range(rng.randint(2, 9)))
                    for _ in range(count))


def load_font(size):
    return ImageFont.load_default(max(6, size))


def lay_over(image, layer):
    """Puts a transparent layer over the photo."""
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")


def add_watermark(image, rng):
    """Writes a text in rows all over the photo, or once across it."""
    w, h = image.size
    text = rng.choice(MARKS) if rng.random() < 0.5 else make_words(rng, rng.randint(1, 2))
    tone = 255 if rng.random() < 0.7 else rng.randint(0, 255)
    colour = (tone, tone, tone, rng.randint(40, 170))
    reach = int(math.hypot(w, h)) + 2
    layer = Image.new("RGBA", (reach, reach))
    draw = ImageDraw.Draw(layer)
    if rng.random() < 0.65:
        size = int(min(w, h) * rng.uniform(0.04, 0.1))
        step_x, step_y = int(size * rng.uniform(5, 9)), int(size * rng.uniform(2.2, 5))
        for row, y in enumerate(range(0, reach, step_y)):
            for x in range(-(row % 2) * step_x // 2, reach, step_x):
                draw.text((x, y), text, fill=colour, font=load_font(size))
    else:
        size = int(min(w, h) * rng.uniform(0.1, 0.22))
        draw.text((reach / 2, reach / 2), text, fill=colour, font=load_font(size), anchor="mm")
    layer = layer.rotate(rng.choice([0, 20, 30, 45, -30, -45]), Image.BILINEAR)
    left, top = (reach - w) // 2, (reach - h) // 2
    return lay_over(image, layer.crop((left, top, left + w, top + h)))


def add_caption(image, rng):
    """Puts a bar with a line of text over the photo, near its top or bottom."""
    w, h = image.size
    tall = max(8, int(h * rng.uniform(0.07, 0.2)))
    top = 0 if rng.random() < 0.3 else h - tall - int(rng.choice([0, 0, 0.05]) * h)
    dark = rng.random() < 0.7
    ground = (0, 0, 0) if dark else (255, 255, 255)
    layer = Image.new("RGBA", (w, h))
    draw = ImageDraw.Draw(layer)
    draw.rectangle((0, top, w, top + tall), fill=(*ground, rng.choice([0, 110, 180, 255])))
    ink = (255, 255, 255, 255) if dark else (20, 20, 20, 255)
    draw.text((w * rng.uniform(0.02, 0.2), top + tall / 2), make_words(rng, rng.randint(2, 5)),
              fill=ink, font=load_font(int(tall * rng.uniform(0.35, 0.7))), anchor="lm")
    return lay_over(image, layer)


def add_stickers(image, rng):
    """Draws one to three plain shapes, as emojis, stars and logos lie on a photo."""
    w, h = image.size
    layer = Image.new("RGBA", (w, h))
    draw = ImageDraw.Draw(layer)
    for _ in range(rng.randint(1, 3)):
        size = min(w, h) * rng.uniform(0.08, 0.24)
        x, y = rng.choice([0.02, 0.3, 0.62, 0.78]) * w, rng.choice([0.02, 0.72, 0.8]) * h
        fill = tuple(rng.randint(0, 255) for _ in range(3)) + (rng.choice([180, 255, 255]),)
        box = (x, y, x + size, y + size)
        kind = rng.random()
        if kind < 0.4:
            draw.ellipse(box, fill=fill)
            for eye in (0.32, 0.68):
                draw.ellipse((x + (eye - 0.07) * size, y + 0.3 * size, x + (eye + 0.07) * size,
                              y + 0.45 * size), fill=(30, 20, 10, 255))
            draw.arc((x + 0.25 * size, y + 0.3 * size, x + 0.75 * size, y + 0.8 * size), 20, 160,
                     fill=(30, 20, 10, 255), width=max(1, int(size / 14)))
        elif kind < 0.7:
            points = [(x + size * (0.5 + r * math.sin(k * math.pi / 5)),
                       y + size * (0.5 - r * math.cos(k * math.pi / 5)))
                      for k, r in enumerate([0.5, 0.22] * 5)]
            draw.polygon(points, fill=fill)
        else:
            draw.rounded_rectangle(box, size / 5, fill=fill)
            draw.text((x + size / 2, y + size / 2), make_words(rng, 1)[:3],
                      fill=(255, 255, 255, 255), font=load_font(int(size * 0.4)), anchor="mm")
    return lay_over(image, layer)


def add_app_frame(image, rng):
    """Draws bars above and below with signs and a time, as a screenshot of an app shows them."""
    w, h = image.size
    image = image.copy()
    draw = ImageDraw.Draw(image)
    ground = rng.choice([(255, 255, 255), (18, 18, 18), (245, 245, 247)])
    ink = (30, 30, 30) if ground[0] > 100 else (230, 230, 230)
    above, below = int(h * rng.uniform(0.04, 0.12)), int(h * rng.uniform(0.05, 0.16))
    draw.rectangle((0, 0, w, above), fill=ground)
    draw.rectangle((0, h - below, w, h), fill=ground)
    draw.text((w * 0.03, above / 2), f"{rng.randint(0, 23)}:{rng.randint(10, 59)}", fill=ink,
              font=load_font(int(above * 0.6)), anchor="lm")
    draw.rectangle((w * 0.88, above * 0.3, w * 0.96, above * 0.7), fill=ink)
    r, y = below * 0.25, h - below / 2
    for k in range(rng.randint(2, 5)):
        x = w * (0.08 + 0.13 * k)
        shape = draw.ellipse if rng.random() < 0.6 else draw.rectangle
        shape((x - r, y - r, x + r, y + r), outline=ink, width=max(1, int(r / 4)))
    return image


def add_border(image, rng):
    """Draws a plain edge, or rounds the corners on a plain ground."""
    w, h = image.size
    colour = rng.choice([(255, 255, 255), (0, 0, 0), tuple(rng.randint(0, 255) for _ in range(3))])
    share = rng.uniform(0.015, 0.08)
    thick = max(1, int(share * min(w, h)))
    if rng.random() < 0.5:
        image = image.copy()
        ImageDraw.Draw(image).rectangle((0, 0, w - 1, h - 1), outline=colour, width=thick)
        return image
    mask = Image.new("L", (w, h))
    ImageDraw.Draw(mask).rounded_rectangle((thick, thick, w - thick, h - thick),
                                           rng.choice([0, 0.1, 0.45]) * min(w, h), fill=255)
    return Image.composite(image, Image.new("RGB", (w, h), colour), mask)


def make_grey(image, rng):
    return ImageOps.grayscale(image).convert("RGB")


def make_sepia(image, rng):
    tone = np.asarray(ImageOps.grayscale(image), np.float32)[:, :, None]
    tint = np.array([rng.uniform(1.0, 1.12), rng.uniform(0.86, 0.98), rng.uniform(0.6, 0.85)])
    keep = rng.choice([0.0, 0.0, 0.25])
    pixels = keep * np.asarray(image, np.float32) + (1 - keep) * tone * tint
    return Image.fromarray(np.clip(pixels + 0.5, 0, 255).astype(np.uint8))


def make_duotone(image, rng):
    """Makes dark parts one colour, light ones another."""
    dark = [rng.randint(0, 90) for _ in range(3)]
    light = [rng.randint(150, 255) for _ in range(3)]
    return ImageOps.colorize(ImageOps.grayscale(image), dark, light)


def change_profile(image, rng):
    """Mixes the colours a little, as when a wide profile is read as sRGB or the reverse."""
    mix = np.full((3, 3), rng.uniform(-0.12, 0.12) / 2)
    np.fill_diagonal(mix, 1.0 - 2 * mix[0, 1])
    gains = np.array([rng.uniform(0.92, 1.08) for _ in range(3)])
    pixels = (np.asarray(image, np.float32) / 255) ** rng.uniform(0.8, 1.25)
    pixels = np.clip(pixels @ mix.astype(np.float32) * gains, 0, 1)
    return Image.fromarray((pixels * 255 + 0.5).astype(np.uint8))


def add_noise(image, rng):
    pixels = np.asarray(image, np.float32)
    state = np.random.default_rng(rng.getrandbits(32))
    shape = pixels.shape if rng.random() < 0.6 else pixels.shape[:2] + (1,)
    pixels = pixels + state.standard_normal(shape, np.float32) * rng.choice([2, 3, 4, 6, 9])
    return Image.fromarray(np.clip(pixels + 0.5, 0, 255).astype(np.uint8))


def photograph_screen(image, rng):
    """Makes a photo of a screen: a fine grid beats against the pixels, light falls unevenly, and
    all is a little rotated, blurred, bluish and noisy."""
    w, h = image.size
    rotated = image.resize((int(w * 1.12), int(h * 1.12)), Image.BICUBIC)
    rotated = rotated.rotate(rng.uniform(-4, 4), Image.BICUBIC)
    left, top = (rotated.width - w) // 2, (rotated.height - h) // 2
    rotated = rotated.crop((left, top, left + w, top + h))
    rotated = rotated.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.0)))
    pixels = np.asarray(rotated, np.float32)
    y, x = np.mgrid[:h, :w].astype(np.float32)
    angle, depth = rng.uniform(-0.3, 0.3), rng.uniform(0.02, 0.12)
    along = x * math.cos(angle) + y * math.sin(angle)
    across = y * math.cos(angle) - x * math.sin(angle)
    for k in range(3):
        wave = rng.uniform(2.1, 7.0)
        beat = np.sin(2 * math.pi * along / wave + k * 2.1)
        beat = beat + np.sin(2 * math.pi * across / (wave * 1.1))
        pixels[:, :, k] *= 1 + depth * beat / 2
    light = 1 + rng.uniform(-0.25, 0.25) * (x / w - 0.5) + rng.uniform(-0.25, 0.25) * (y / h - 0.5)
    gains = np.array([rng.uniform(0.85, 1.0), rng.uniform(0.92, 1.02), rng.uniform(0.95, 1.12)])
    lift = rng.uniform(0, 22)
    state = np.random.default_rng(rng.getrandbits(32))
    pixels = lift + pixels * light[:, :, None] * gains * rng.uniform(0.75, 1.0)
    pixels = pixels + state.standard_normal(pixels.shape, np.float32) * rng.uniform(1, 5)
    return Image.fromarray(np.clip(pixels + 0.5, 0, 255).astype(np.uint8))


def soften(image, rng):
    return image.filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 1.2)))


def sharpen(image, rng):
    return image.filter(ImageFilter.UnsharpMask(rng.uniform(0.6, 2.0), rng.randint(50, 160), 1))


LAID_OVER = [add_watermark, add_watermark, add_watermark, add_caption, add_stickers, add_app_frame,
             add_border]
COLOURS = [make_grey, make_grey, make_sepia, make_duotone, change_profile, change_profile]
GRAIN = [add_noise, add_noise, photograph_screen, photograph_screen, soften, sharpen]

# Single changes that are measured on, by the name of their perturbation.
SINGLE = {
    "watermark": add_watermark, "caption": add_caption, "stickers": add_stickers,
    "app_frame": add_app_frame, "border": add_border, "grey": make_grey, "sepia": make_sepia,
    "duotone": make_duotone, "profile": change_profile, "noise": add_noise,
    "screen_photo": photograph_screen,
}


def apply_some(image, rng):
    """Applies none to three changes by chance: to the colours, over the photo, to the grain."""
    kinds = ((COLOURS, 0.4), (LAID_OVER, 0.5), (GRAIN, 0.45))
    chosen = [rng.choice(kind) for kind, chance in kinds if rng.random() < chance]
    for change in chosen:
        image = change(image, rng)
    return image
