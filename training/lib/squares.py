"""The squares of a photo that the network is run on.

The program places the same squares with the same integer arithmetic, so every number here is part
of the model's contract. A square is cut first, its colours are halved, and it is resized once with
a bilinear filter.
"""

import math

from PIL import Image

FACE_SIDE_MIN = 32
HALVED_SIDE_MAX = 1600  # no photo of training is longer


def round_half_up(value):
    return int(math.floor(value + 0.5))


def place_whole_square(width, height):
    """Returns the largest centred square: (x0, y0, side)."""
    side = min(width, height)
    return (width - side) // 2, (height - side) // 2, side


def place_face_square(width, height, box, scale):
    """Returns a square of `scale` times the side of the box (x, y, w, h), around its centre and
    shifted to lie inside the photo."""
    x, y, w, h = box
    side = max(round_half_up(scale * max(w, h)), FACE_SIDE_MIN)
    side = min(side, width, height)
    x0 = round_half_up(x + w / 2 - side / 2)
    y0 = round_half_up(y + h / 2 - side / 2)
    return min(max(x0, 0), width - side), min(max(y0, 0), height - side), side


def place_square(look, width, height, box):
    """Places the square that a `[[look]]` of a model.toml describes."""
    if look["kind"] == "whole":
        return place_whole_square(width, height)
    if look["kind"] == "face":
        return place_face_square(width, height, box, look["scale"])
    raise ValueError(f"unknown kind {look['kind']!r} in [[look]], known are whole and face")


def halve_colours(image):
    """Brings the colours to half the resolution, as most JPEG files keep them.

    Fine colours show the encoder, not the maker: camera photos mostly come with colours at half
    size, and a picture that was never encoded, as generators write it, would be recognised by them.
    """
    if max(image.size) > HALVED_SIDE_MAX:
        image = image.resize([min(s, HALVED_SIDE_MAX) for s in image.size], Image.BILINEAR)
    w, h = image.size
    luma, *colours = image.convert("YCbCr").split()
    half = max(1, w // 2), max(1, h // 2)
    wide = [c.resize(half, Image.BILINEAR).resize((w, h), Image.BILINEAR) for c in colours]
    return Image.merge("YCbCr", (luma, *wide)).convert("RGB")


def cut_square(image, square, side):
    """Cuts the square out of the photo and brings it to `side` x `side` pixels."""
    x0, y0, s = square
    piece = halve_colours(image.crop((x0, y0, x0 + s, y0 + s)))
    return piece if piece.size[0] == side else piece.resize((side, side), Image.BILINEAR)
