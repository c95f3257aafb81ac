"""How a face sits in its photo, measured against the template that FFHQ's faces were cut out by.

FFHQ's script (Karras, Laine and Aila, 2019) turns a face so that the line from the eyes to the mouth
is upright, and cuts a square of side max(4 * distance of the eyes, 3.6 * distance from the eyes to
the mouth) around a point a tenth of the way from the eyes to the mouth. What a network that learned
from FFHQ draws sits the same way.
"""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image


@dataclass(frozen=True)
class Placement:
    """The template's square in pixels of the photo: its centre, half its upper side as a vector."""

    x: float
    y: float
    half_x: float
    half_y: float


def place_template(face, width, height):
    """Places the template's square over a face of faces/face_boxes.py, in pixels of the photo."""
    (ax, ay), (bx, by), (mx, my) = ((p[0] * width, p[1] * height)
                                    for p in (face.eye_a, face.eye_b, face.mouth))
    eyes, eye_x, eye_y = ((ax + bx) / 2, (ay + by) / 2), bx - ax, by - ay
    mouth_x, mouth_y = mx - eyes[0], my - eyes[1]
    # The mean direction of the line between the eyes and of the one across to the mouth's.
    across_x, across_y = eye_x + mouth_y, eye_y - mouth_x
    length = math.hypot(across_x, across_y) or 1.0
    half = max(2.0 * math.hypot(eye_x, eye_y), 1.8 * math.hypot(mouth_x, mouth_y))
    return Placement(eyes[0] + 0.1 * mouth_x, eyes[1] + 0.1 * mouth_y,
                     half * across_x / length, half * across_y / length)


def measure_alignment(face, width, height):
    """Measures how far the photo is from being the template's square: off its centre by `x` and
    `y`, in sides of the photo; `size`, the logarithm of the square's side by the photo's; its
    `turn` in radians; `shape`, the logarithm of the photo's width by its height."""
    at, side = place_template(face, width, height), math.sqrt(width * height)
    return {"x": at.x / width - 0.5, "y": at.y / height - 0.5,
            "size": math.log(2 * math.hypot(at.half_x, at.half_y) / side),
            "turn": math.atan2(at.half_y, at.half_x), "shape": math.log(width / height)}


def cut_template(image, at, side):
    """Cuts the template's square out, `side` pixels wide; outside the photo it is mirrored there,
    as FFHQ's script does."""
    reach = math.ceil(abs(at.half_x) + abs(at.half_y)) + 2
    left, top = max(0, reach - math.floor(at.x)), max(0, reach - math.floor(at.y))
    right = max(0, math.ceil(at.x) + reach - image.width)
    bottom = max(0, math.ceil(at.y) + reach - image.height)
    padded = Image.fromarray(np.pad(np.asarray(image), ((top, bottom), (left, right), (0, 0)),
                                    "reflect"))
    x, y = at.x + left, at.y + top
    corners = [(x + s * at.half_x - t * at.half_y, y + s * at.half_y + t * at.half_x)
               for s, t in ((-1, -1), (-1, 1), (1, 1), (1, -1))]
    quad = [v for corner in corners for v in corner]
    big = min(4 * side, max(side, 2 * math.ceil(math.hypot(at.half_x, at.half_y))))
    square = padded.transform((big, big), Image.QUAD, quad, Image.BILINEAR)
    return square.resize((side, side), Image.LANCZOS) if big != side else square


# Nearly every photo of FFHQ and of StyleGAN lies within.
LIMITS = {"x": [-0.015, 0.015], "y": [-0.015, 0.025], "size": [-0.11, 0.13],
          "turn": [-0.22, 0.22], "shape": [-0.02, 0.02]}


def is_within(measured, limits=LIMITS):
    return all(low <= measured[k] <= high for k, (low, high) in limits.items())
