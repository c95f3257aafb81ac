"""Faces of a photo, as the program's face finder finds them (faces/face_boxes.py)."""

from faces import face_boxes


def find_faces(image):
    """Returns [[x, y, w, h, score], …] in pixels of the upright photo."""
    w, h = image.size
    return [
        [round(v, 2) for v in (f.x * w, f.y * h, f.w * w, f.h * h)] + [round(f.score, 4)]
        for f in face_boxes.detect_for_crops(image)
    ]


def choose_box(faces):
    """Returns the box (x, y, w, h) of the foremost face, the one with the highest score times
    area, or None where there is no face."""
    if not faces:
        return None
    return tuple(max(faces, key=lambda f: f[4] * f[2] * f[3])[:4])
