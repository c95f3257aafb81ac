#!/usr/bin/env python3
"""Face boxes with BlazeFace: the reference that the Rust code reproduces.

    python3 training/faces/face_boxes.py IMG...      one JSON object per line

Everything before the net is integer arithmetic on pixels, so that another
implementation can match it exactly. The photo must already be upright (EXIF
orientation applied) and RGB.

Steps of detect():

1. First pass: the photo, centred in a square somewhat larger than its longer
   side, black outside. The margin lets the net find faces that fill the photo.
2. Refining pass: a square 2.5 times the side of each candidate's box, centred
   on it. This confirms the face, and as every face now has about the same size
   and position in the input, its box hardly depends on how the photo was
   cropped.
"""

import argparse
import functools
import json
import math
import pathlib
import sys
from dataclasses import dataclass

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODEL = ROOT / "models" / "face" / "model.onnx"


# Anchor grids: (pixels of the input per cell, anchors per cell).
GRIDS = {
    "short": ((8, 2), (16, 6)),
    "back": ((16, 2), (32, 6)),
    "full": ((4, 1),),
}
KIND = "back"
SCORE_MIN = 0.5  # a candidate, in either pass
FACE_MIN = 0.65  # a face: mean score of both passes
NMS_IOU = 0.3
# The net has no size of its own: each pass has an input just large enough for what it takes in, as
# (side of the square in eighths, side of the input). The square of a first pass is measured in the
# photo's longer side, those of the others in the side of the candidate's box.
FIRST_PASSES = ((9, 128), (9, 192))
REFINING_PASS = (20, 160)
DETECTOR_PASS = (24, 256)  # once more over the face that the detector scores, to crop it by
CANDIDATES_MAX = 3  # that get a refining pass


@dataclass(frozen=True)
class Face:
    """All lengths are fractions of the photo's width (x, w) or height (y, h).

    Not clamped: a face cut by the edge of the photo reaches outside 0..1.
    """

    x: float
    y: float
    w: float
    h: float
    eye_a: tuple  # the subject's right eye, on the left of an unmirrored photo
    eye_b: tuple
    score: float
    mouth: tuple = (math.nan, math.nan)

    def json(self):
        def r(v):
            return round(float(v), 5)

        return {
            "box": [r(self.x), r(self.y), r(self.w), r(self.h)],
            "eyes": [[r(v) for v in self.eye_a], [r(v) for v in self.eye_b]],
            "score": r(self.score),
        }


@functools.cache
def anchor_centres(kind, side):
    """[N,2] x, y: row by row over each grid, each centre as often as it has anchors."""
    centres = []
    for stride, per_cell in GRIDS[kind]:
        cells = side // stride
        for row in range(cells):
            for column in range(cells):
                centres += [((column + 0.5) / cells, (row + 0.5) / cells)] * per_cell
    return np.array(centres, np.float32)


def rounded(a, b):
    """a / b to the nearest integer, halves up; a >= 0, b > 0."""
    return (2 * a + b) // (2 * b)


@dataclass(frozen=True)
class View:
    """Which part of the photo lies where in the net's input (all in whole pixels)."""

    source: tuple  # left, top, right, bottom in the photo
    target: tuple  # left, top, width, height in the input

    def to_photo(self, u, v, side):
        """Input coordinates in 0..1 to photo pixels."""
        left, top, right, bottom = self.source
        tx, ty, tw, th = self.target
        return (
            left + (u * side - tx) * (right - left) / tw,
            top + (v * side - ty) * (bottom - top) / th,
        )


def cut_input(image, x0, y0, length, side):
    """Cuts the square (x0, y0, length) as a side x side RGB array, black outside the photo."""
    w, h = image.size
    left, top = max(x0, 0), max(y0, 0)
    right, bottom = min(x0 + length, w), min(y0 + length, h)
    tx, ty = rounded((left - x0) * side, length), rounded((top - y0) * side, length)
    tw = max(rounded((right - x0) * side, length) - tx, 1)
    th = max(rounded((bottom - y0) * side, length) - ty, 1)
    part = image.crop((left, top, right, bottom)).resize((tw, th), Image.BILINEAR)
    canvas = np.zeros((side, side, 3), np.uint8)
    canvas[ty : ty + th, tx : tx + tw] = np.asarray(part)[: side - ty, : side - tx]
    return canvas, View((left, top, right, bottom), (tx, ty, tw, th))


def iou(a, b):
    ix = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    iy = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    if ix <= 0 or iy <= 0:
        return 0.0
    return ix * iy / (a[2] * a[3] + b[2] * b[3] - ix * iy)


def weigh(face):
    """Returns what the faces are ordered by: score x box area."""
    return face[8] * face[2] * face[3]


def suppress(candidates, weighted):
    """Candidates are rows x, y, w, h, eye_a.x, eye_a.y, eye_b.x, eye_b.y, score, mouth.x, mouth.y.

    Best score first (ties: lower index). Plain: the best one stays and those that
    overlap it by more than NMS_IOU go. Weighted: it becomes the mean of itself
    and those, weighted by score, and keeps its score.
    """
    left = candidates[np.argsort(-candidates[:, 8], kind="stable")]
    kept = []
    while len(left):
        best = left[0]
        close = np.array([iou(best, c) > NMS_IOU for c in left])
        close[0] = True
        row = best.copy()
        if weighted:
            weight = left[close, 8:9]
            row = (left[close] * weight).sum(0) / weight.sum()
            row[8] = best[8]
        kept.append(row)
        left = left[~close]
    return kept


class Detector:
    """The defaults are what the program does; the options are there to compare."""

    def __init__(self, model=MODEL, kind=KIND, face_min=FACE_MIN, weighted=True, refine=True,
                 first_passes=FIRST_PASSES, refining_pass=REFINING_PASS):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            str(model), options, providers=["CPUExecutionProvider"]
        )
        self.path, self.kind = str(model), kind
        self.face_min, self.weighted = face_min, weighted
        self.refine = refine
        self.first_passes, self.refining_pass = first_passes, refining_pass

    def net(self, canvas):
        """Raw candidates in input coordinates (0..1): [N,11] as suppress() wants them."""
        side = canvas.shape[0]
        anchors = anchor_centres(self.kind, side)
        x = canvas.astype(np.float32) / np.float32(127.5) - np.float32(1.0)
        regressors, scores = self.session.run(
            ["regressors", "scores"], {"input": x.transpose(2, 0, 1)[None]}
        )
        r = regressors[0] / np.float32(side)
        logits = np.clip(scores[0, :, 0], -100.0, 100.0)
        centre = r[:, 0:2] + anchors
        size = r[:, 2:4]
        rows = np.concatenate(
            [
                centre - size / 2,
                size,
                r[:, 4:6] + anchors,
                r[:, 6:8] + anchors,
                1 / (1 + np.exp(-logits[:, None].astype(np.float64))),
                r[:, 10:12] + anchors,
            ],
            axis=1,
        )
        return rows

    def run_pass(self, image, x0, y0, length, side, score_min):
        """Finds faces in one square of the photo: rows in photo pixels, best score first."""
        canvas, view = cut_input(image, x0, y0, length, side)
        rows = self.net(canvas)
        rows = rows[(rows[:, 8] >= score_min) & (rows[:, 2] > 0) & (rows[:, 3] > 0)]
        faces = []
        for row in suppress(rows, self.weighted):
            x, y = view.to_photo(row[0], row[1], side)
            right, bottom = view.to_photo(row[0] + row[2], row[1] + row[3], side)
            a, b, mouth = (view.to_photo(row[k], row[k + 1], side) for k in (4, 6, 9))
            faces.append(np.array([x, y, right - x, bottom - y, *a, *b, row[8], *mouth]))
        return faces

    def find_again(self, image, face, size=None):
        """Finds the same face in a square around its box, or returns None."""
        eighths, side = size or self.refining_pass
        length = max(math.floor(max(face[2], face[3]) * eighths / 8 + 0.5), 16)
        x0 = math.floor(face[0] + face[2] / 2 - length / 2 + 0.5)
        y0 = math.floor(face[1] + face[3] / 2 - length / 2 + 0.5)
        w, h = image.size
        if x0 >= w or y0 >= h or x0 + length <= 0 or y0 + length <= 0:
            return None
        found = self.run_pass(image, x0, y0, length, side, SCORE_MIN)
        return next((f for f in found if iou(f, face) > NMS_IOU), None)

    def find_faces(self, image, eighths, side):
        """Finds faces that a first pass of this size and the refining passes agree on, as rows."""
        w, h = image.size
        length = max(w, h) * eighths // 8
        x0, y0 = -((length - w) // 2), -((length - h) // 2)
        first = self.run_pass(image, x0, y0, length, side, SCORE_MIN)
        first.sort(key=weigh, reverse=True)
        if not self.refine:
            return [face for face in first if face[8] >= self.face_min]
        faces = []
        for face in first[:CANDIDATES_MAX]:
            again = self.find_again(image, face)
            if again is not None:
                again[8] = (face[8] + again[8]) / 2
                if again[8] >= self.face_min:
                    faces.append(again)
        faces.sort(key=weigh, reverse=True)
        return faces

    def detect(self, image):
        """Finds faces, largest score x box area first."""
        image = image.convert("RGB")
        w, h = image.size
        # A first pass of a larger input finds smaller faces and runs only when the one before
        # found none.
        passes = (self.find_faces(image, *size) for size in self.first_passes)
        faces = next(filter(len, passes), [])
        return [
            Face(f[0] / w, f[1] / h, f[2] / w, f[3] / h,
                 (f[4] / w, f[5] / h), (f[6] / w, f[7] / h), f[8], (f[9] / w, f[10] / h))
            for f in faces
        ]

    def place_for_detector(self, image, face):
        """Returns the face in the box that the detector crops by: that of one more pass, if it
        finds the face."""
        image = image.convert("RGB")
        w, h = image.size
        box = [face.x * w, face.y * h, face.w * w, face.h * h]
        row = np.array([*box, *[0.0] * 4, face.score, 0.0, 0.0])
        again = self.find_again(image, row, DETECTOR_PASS)
        if again is None:
            return face
        x, y, bw, bh = again[:4]
        eyes = (again[4] / w, again[5] / h), (again[6] / w, again[7] / h)
        mouth = again[9] / w, again[10] / h
        return Face(x / w, y / h, bw / w, bh / h, *eyes, face.score, mouth)


_default = None


def default():
    global _default
    if _default is None:
        _default = Detector()
    return _default


def detect(image):
    return default().detect(image)


def detect_for_crops(image):
    """As detect(), the first face in the box by which the detector cuts it out."""
    faces = detect(image)
    return [default().place_for_detector(image, face) for face in faces[:1]] + faces[1:]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", nargs="+")
    for path in parser.parse_args().images:
        with Image.open(path) as image:
            faces = detect(ImageOps.exif_transpose(image))
        json.dump({"image": path, "faces": [f.json() for f in faces]}, sys.stdout)
        print()


if __name__ == "__main__":
    main()
