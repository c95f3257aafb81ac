"""Faces of a photo, as the program's face finder finds them (faces/face_boxes.py)."""

from faces import face_boxes


def round_face(face, image):
    """Returns [x, y, w, h, score] in pixels of the upright photo."""
    w, h = image.size
    box = face.x * w, face.y * h, face.w * w, face.h * h
    return [round(v, 2) for v in box] + [round(face.score, 4)]


def find_faces(image):
    """Returns a list for each face, as `round_face` does."""
    return [round_face(face, image) for face in face_boxes.detect_for_crops(image)]


def choose_box(faces):
    """Returns the box (x, y, w, h) of the foremost face, the one with the highest score times
    area, or None where there is no face."""
    if not faces:
        return None
    return tuple(max(faces, key=lambda f: f[4] * f[2] * f[3])[:4])
