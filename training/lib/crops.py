"""The crops of every photo, kept in arrays: the largest centred square and the face's square.

RUNS/SET/crops/ holds photos.json (the photos' rows with `size` and `faces`), and for each
perturbation NAME.u8 ([photo, crop, SIDE, SIDE, 3]; the face's crop is empty where there is no face)
and NAME.done.u8 ([photo]: 1 cut).
"""

import json
import os

import numpy as np

from lib import squares

SIDE = 224
CROPS = ["whole", "face"]
FACE_SCALE = 1.6  # sides of the face's box


def locate_folder(folder):
    """Returns the folder of the crops in that of a set of photos."""
    return os.path.join(folder, "crops")


def read_rows(folder):
    """Reads the rows of a set, or returns None where its faces have not been found yet."""
    path = os.path.join(locate_folder(folder), "photos.json")
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def write_rows(folder, rows):
    os.makedirs(locate_folder(folder), exist_ok=True)
    path = os.path.join(locate_folder(folder), "photos.json")
    with open(path + ".new", "w", encoding="utf-8") as f:
        json.dump(rows, f)
    os.replace(path + ".new", path)


def open_arrays(base, count, mode):
    """Opens BASE.u8 and BASE.done.u8: the pixels of the crops and which photos are cut."""
    pixels = np.memmap(base + ".u8", np.uint8, mode, shape=(count, len(CROPS), SIDE, SIDE, 3))
    done = np.memmap(base + ".done.u8", np.uint8, mode, shape=(count,))
    return pixels, done


def open_crops(folder, perturbation, count, mode="r"):
    """Opens the arrays of one perturbation of a set."""
    return open_arrays(os.path.join(locate_folder(folder), perturbation), count, mode)


def cut_crops(image, box):
    """Cuts both crops: [crop, SIDE, SIDE, 3]; the face's is empty without a box."""
    found = np.zeros((len(CROPS), SIDE, SIDE, 3), np.uint8)
    whole = squares.place_whole_square(*image.size)
    found[0] = squares.cut_square(image, whole, SIDE)
    if box:
        face = squares.place_face_square(*image.size, box, FACE_SCALE)
        found[1] = squares.cut_square(image, face, SIDE)
    return found
