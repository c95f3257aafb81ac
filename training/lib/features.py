"""Pooled features of the trunk, kept in arrays, one file for each perturbation and crop.

RUNS/SET/features/WEIGHTS/PERTURBATION-CROP.f16 is [photo, block, 3, 768]: class token, mean and
deviation of the patch tokens behind each block; the same with .done.u8 is [photo]: 1 computed.
The features of both crops together are called SET/WEIGHTS/PERTURBATION.
"""

import os

import numpy as np

from lib import trunk


def locate_features(folder, weights, perturbation, crop):
    """Returns the path of a file of features, without its ending."""
    return os.path.join(folder, "features", weights, f"{perturbation}-{crop}")


def open_features(base, count, mode="r"):
    """Opens the features and which photos have them."""
    shape = (count, trunk.DEPTH, 3, trunk.WIDTH)
    found = np.memmap(base + ".f16", np.float16, mode, shape=shape)
    done = np.memmap(base + ".done.u8", np.uint8, mode, shape=(count,))
    return found, done
