"""Rounds the trunk's weights to few-bit integers so that each layer's outputs change least.

Rounds row by row of the input, and passes each row's error on to the rows that are still to come,
by the inverse of the inputs' second moments (Frantar et al., "GPTQ: Accurate post-training
quantization for generative pre-trained transformers", 2023). Blocks are done in order, on tokens
of training photos that have come through the rounded blocks before.
"""

import numpy as np

from lib import trunk

DAMP = 0.01
BATCH = 128  # rows whose errors are passed on together


def choose_step(rows, bits):
    """Chooses for a group of rows [group, out] the step of the least squared error: [out]."""
    half = 2 ** (bits - 1)
    most = np.abs(rows).max(0) + 1e-12
    best, error = None, None
    for share in (1.0, 0.93, 0.86, 0.8, 0.73):
        step = (share * most / (half - 0.5)).astype(np.float16).astype(np.float32)
        step = np.maximum(step, np.float32(6e-8))
        off = (rows - step * np.clip(np.round(rows / step), -half, half - 1))
        off = (off * off).sum(0)
        if best is None:
            best, error = step, off
        else:
            best, error = np.where(off < error, step, best), np.minimum(off, error)
    return best


def round_matrix(matrix, moments, bits, group):
    """Rounds a matrix [in, out]: whole numbers uint8 [in, out], steps f16 [in / group, out]."""
    wide, half = len(matrix), 2 ** (bits - 1)
    work = matrix.astype(np.float32).copy()
    moments = moments + DAMP * np.mean(np.diag(moments)) * np.eye(wide)
    # The upper factor of the inverse: row i says how the rows after i make up for its error.
    upper = np.linalg.cholesky(np.linalg.inv(moments)).T.astype(np.float32)
    whole = np.zeros(matrix.shape, np.uint8)
    steps = np.zeros((wide // group, matrix.shape[1]), np.float16)
    for start in range(0, wide, BATCH):
        end = min(start + BATCH, wide)
        errors = np.zeros((end - start, matrix.shape[1]), np.float32)
        for i in range(start, end):
            if i % group == 0:
                # Rows of this group beyond the batch do not have the batch's errors yet.
                steps[i // group] = choose_step(work[i:i + group], bits)
            step = steps[i // group].astype(np.float32)
            value = np.clip(np.round(work[i] / step), -half, half - 1)
            whole[i] = (value + half).astype(np.uint8)
            errors[i - start] = (work[i] - value * step) / upper[i, i]
            work[i + 1:end] -= upper[i, i + 1:end, None] * errors[i - start][None]
        work[end:] -= upper[start:end, end:].T @ errors
    return whole, steps


def widen(whole, step, bits):
    """Turns what `round_matrix` returns back into f32 [in, out]."""
    values = whole.astype(np.float32) - 2 ** (bits - 1)
    return values * np.repeat(step.astype(np.float32), len(whole) // len(step), 0)


def norm(x):
    """Divides tokens that are centred by the root of their mean square."""
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + trunk.EPSILON)


def attend(q, k, v):
    """Attends with queries, keys and values [n, tokens, WIDTH]; returns that shape."""
    n, tokens, _ = q.shape
    q, k, v = (x.reshape(n, tokens, trunk.HEADS, -1).transpose(0, 2, 1, 3) for x in (q, k, v))
    score = q @ k.transpose(0, 1, 3, 2)
    score = np.exp(score - score.max(-1, keepdims=True))
    score /= score.sum(-1, keepdims=True)
    return (score @ v).transpose(0, 2, 1, 3).reshape(n, tokens, trunk.WIDTH)


def embed(weights, photos):
    """Returns the tokens before the first block, of photos [n, 3, side, side]."""
    n, side = len(photos), photos.shape[2]
    cells, size = side // trunk.PATCH, trunk.PATCH
    pieces = photos.reshape(n, 3, cells, size, cells, size).transpose(0, 2, 4, 1, 3, 5)
    x = pieces.reshape(n, cells * cells, -1) @ weights["patch"].reshape(trunk.WIDTH, -1).T
    x = np.concatenate([np.zeros((n, 1, trunk.WIDTH), np.float32), x], 1)
    x = x + np.concatenate([weights["class"][None], trunk.resize_positions(weights, side)])
    x = norm(x - x.mean(-1, keepdims=True)) * weights["pre.gain"] + weights["pre.offset"]
    return x - x.mean(-1, keepdims=True)


def round_block(weights, block, x, bits, group, out):
    """Rounds one block's layers into `out`; returns the tokens behind the rounded block."""
    def layer(part, inputs, moments=None):
        matrix, bias = trunk.fold_layer(weights, block, part)
        flat = inputs.reshape(-1, inputs.shape[-1])
        moments = flat.T @ flat / len(flat) if moments is None else moments
        whole, step = round_matrix(matrix, moments.astype(np.float64), bits, group)
        name = f"{block}.{part}"
        out[name], out[name + ".step"], out[name + ".bias"] = whole, step, bias
        return inputs @ widen(whole, step, bits) + bias

    inputs = norm(x)
    flat = inputs.reshape(-1, trunk.WIDTH)
    moments = flat.T @ flat / len(flat)
    q, k, v = (layer(part, inputs, moments) for part in "qkv")
    x = x + layer("o", attend(q, k, v))
    y = layer("f1", norm(x))
    return x + layer("f2", y / (1 + np.exp(-y)))
