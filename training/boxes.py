"""Faces of a photo, as the program's face finder finds them (faces/face_boxes.py)."""

import os
import sys

import data

sys.path.insert(0, os.path.join(data.HERE, "faces"))


def faces_of(image):
    """[[x, y, w, h, score], …] in pixels of the upright photo."""
    import face_boxes

    w, h = image.size
    return [
        [round(v, 2) for v in (f.x * w, f.y * h, f.w * w, f.h * h)] + [round(f.score, 4)]
        for f in face_boxes.detect_judged(image)
    ]
