"""Looks: the square pieces of a photo that the network sees.

The program cuts the same squares with the same integer arithmetic, so every number here is part
of the model's contract. A look is cut first and then resized once with a bilinear filter.
"""

import math

from PIL import Image

FACE_SIDE_LEAST = 32
HALVED_SIDE_MOST = 1600  # no photo of training is longer


def half_up(value):
    return int(math.floor(value + 0.5))


def whole_square(width, height):
    """The largest centred square: (x0, y0, side)."""
    side = min(width, height)
    return (width - side) // 2, (height - side) // 2, side


def centred_square(width, height, centre, side):
    """Square of that side around the centre, shifted to lie inside the photo."""
    x0 = half_up(centre[0] - side / 2)
    y0 = half_up(centre[1] - side / 2)
    return min(max(x0, 0), width - side), min(max(y0, 0), height - side), side


def face_square(width, height, box, scale):
    """`box` is (x, y, w, h) in pixels."""
    x, y, w, h = box
    side = max(half_up(scale * max(w, h)), FACE_SIDE_LEAST)
    side = min(side, width, height)
    return centred_square(width, height, (x + w / 2, y + h / 2), side)


def patch_square(width, height, box, side):
    """Native-resolution window around the face, or None where the photo is too small."""
    if min(width, height) < side:
        return None
    x, y, w, h = box
    return centred_square(width, height, (x + w / 2, y + h / 2), side)


def square_of(look, width, height, box, side):
    """`look` is a dict as in model.toml: kind, and scale for a face."""
    if look["kind"] == "whole":
        return whole_square(width, height)
    if look["kind"] == "face":
        return face_square(width, height, box, look["scale"])
    if look["kind"] == "patch":
        return patch_square(width, height, box, side)
    raise ValueError(f"unknown look {look['kind']}")


def halved_colours(piece):
    """The piece with its colours at half the resolution, as most JPEG files keep them.

    How fine colours are tells the encoder, not the maker: camera photos mostly come with colours at
    half size, and a picture that was never encoded, as generators give it, would be told by that.
    """
    if max(piece.size) > HALVED_SIDE_MOST:
        piece = piece.resize([min(s, HALVED_SIDE_MOST) for s in piece.size], Image.BILINEAR)
    w, h = piece.size
    luma, *colours = piece.convert("YCbCr").split()
    half = max(1, w // 2), max(1, h // 2)
    wide = [c.resize(half, Image.BILINEAR).resize((w, h), Image.BILINEAR) for c in colours]
    return Image.merge("YCbCr", (luma, *wide)).convert("RGB")


def cut(image, square, side, halve_colours=True):
    """The square of the photo at SIDE x SIDE pixels. Models before synthetic-5 saw all colours."""
    x0, y0, s = square
    piece = image.crop((x0, y0, x0 + s, y0 + s))
    if halve_colours:
        piece = halved_colours(piece)
    return piece if piece.size[0] == side else piece.resize((side, side), Image.BILINEAR)


def foremost(faces):
    """The face (x, y, w, h, score) that is looked at: the highest of score times area, or None."""
    return max(faces, key=lambda f: f[4] * f[2] * f[3]) if faces else None
