"""The trunk's weights as few-bit integers, rounded so that each layer's outputs move least.

    quantise.py --bits 5 --group 64 --name q5

Rounds row by row of the input, and passes each row's error on to the rows that are still to come,
by the inverse of the inputs' second moments (Frantar et al., "GPTQ: Accurate post-training
quantization for generative pre-trained transformers", 2023). Blocks are done in order, on tokens
of training photos that have come through the rounded blocks before. Writes RUNS/trunk/NAME.npz:
per layer `whole` uint8 [in, out], `step` f16 [in / group, out]; the rest as f32.
"""

import argparse
import os
import time

import numpy as np

import crops
import data
import features
import trunk

DAMP = 0.01
BATCH = 128  # rows whose errors are passed on together


def step_of(rows, bits):
    """[out]: the step for a group of rows [group, out] with the least squared error of a few."""
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


def rounded(matrix, moments, bits, group):
    """(whole uint8 [in, out], step f16 [in / group, out]) of a matrix [in, out]."""
    wide, half = len(matrix), 2 ** (bits - 1)
    work = matrix.astype(np.float32).copy()
    moments = moments + DAMP * np.mean(np.diag(moments)) * np.eye(wide)
    # The upper factor of the inverse: row i says how the error of i is made good by those after.
    upper = np.linalg.cholesky(np.linalg.inv(moments)).T.astype(np.float32)
    whole = np.zeros(matrix.shape, np.uint8)
    steps = np.zeros((wide // group, matrix.shape[1]), np.float16)
    for start in range(0, wide, BATCH):
        end = min(start + BATCH, wide)
        errors = np.zeros((end - start, matrix.shape[1]), np.float32)
        for i in range(start, end):
            if i % group == 0:
                # Rows of this group beyond the batch have not been told of its errors yet.
                steps[i // group] = step_of(work[i:i + group], bits)
            step = steps[i // group].astype(np.float32)
            value = np.clip(np.round(work[i] / step), -half, half - 1)
            whole[i] = (value + half).astype(np.uint8)
            errors[i - start] = (work[i] - value * step) / upper[i, i]
            work[i + 1:end] -= upper[i, i + 1:end, None] * errors[i - start][None]
        work[end:] -= upper[start:end, end:].T @ errors
    return whole, steps


def widened(whole, step, bits):
    """f32 [in, out] of what `rounded` returns."""
    values = whole.astype(np.float32) - 2 ** (bits - 1)
    return values * np.repeat(step.astype(np.float32), len(whole) // len(step), 0)


def norm(x):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + trunk.EPSILON)


def attended(q, k, v):
    """[n, tokens, WIDTH] of queries, keys and values of that shape."""
    n, tokens, _ = q.shape
    q, k, v = (x.reshape(n, tokens, trunk.HEADS, -1).transpose(0, 2, 1, 3) for x in (q, k, v))
    score = q @ k.transpose(0, 1, 3, 2)
    score = np.exp(score - score.max(-1, keepdims=True))
    score /= score.sum(-1, keepdims=True)
    return (score @ v).transpose(0, 2, 1, 3).reshape(n, tokens, trunk.WIDTH)


def embedded(weights, photos):
    """Tokens before the first block, of photos [n, 3, side, side]."""
    n, side = len(photos), photos.shape[2]
    cells, size = side // trunk.PATCH, trunk.PATCH
    pieces = photos.reshape(n, 3, cells, size, cells, size).transpose(0, 2, 4, 1, 3, 5)
    x = pieces.reshape(n, cells * cells, -1) @ weights["patch"].reshape(trunk.WIDTH, -1).T
    x = np.concatenate([np.zeros((n, 1, trunk.WIDTH), np.float32), x], 1)
    x = x + np.concatenate([weights["class"][None], trunk.places(weights, side)])
    x = norm(x - x.mean(-1, keepdims=True)) * weights["pre.gain"] + weights["pre.offset"]
    return x - x.mean(-1, keepdims=True)


def block_rounded(weights, block, x, bits, group, out):
    """Rounds one block's layers into `out`; returns the tokens behind the rounded block."""
    def layer(part, seen, moments=None):
        matrix, bias = trunk.linear_of(weights, block, part)
        flat = seen.reshape(-1, seen.shape[-1])
        moments = flat.T @ flat / len(flat) if moments is None else moments
        whole, step = rounded(matrix, moments.astype(np.float64), bits, group)
        name = f"{block}.{part}"
        out[name], out[name + ".step"], out[name + ".bias"] = whole, step, bias
        return seen @ widened(whole, step, bits) + bias

    seen = norm(x)
    flat = seen.reshape(-1, trunk.WIDTH)
    moments = flat.T @ flat / len(flat)
    q, k, v = (layer(part, seen, moments) for part in "qkv")
    x = x + layer("o", attended(q, k, v))
    y = layer("f1", norm(x))
    return x + layer("f2", y / (1 + np.exp(-y)))


def photos_for(runs, count):
    """Crops of training photos, both kinds, both classes, every source in turn."""
    small = os.path.join(runs, "small")
    rows = crops.photos_of(small)
    pixels, done = crops.arrays(small, "clean", len(rows), "r")
    fit = [i for i, r in enumerate(rows) if r["split"] != "val" and r["faces"] and done[i]]
    some = [fit[int(k)] for k in np.linspace(0, len(fit) - 1, count)]
    return features.normalised(np.stack([pixels[i, n % 2] for n, i in enumerate(some)]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", default=os.path.join(data.HERE, "runs"))
    parser.add_argument("--bits", type=int, default=5)
    parser.add_argument("--group", type=int, default=64)
    parser.add_argument("--photos", type=int, default=48)
    parser.add_argument("--depth", type=int, default=trunk.DEPTH)
    parser.add_argument("--name", required=True)
    args = parser.parse_args()
    weights = trunk.read(args.runs)
    x, started = embedded(weights, photos_for(args.runs, args.photos)), time.time()
    kept = ("patch", "class", "place", "pre.gain", "pre.offset")
    out = {k: weights[k] for k in kept}
    out["bits"], out["group"] = np.int64(args.bits), np.int64(args.group)
    for block in range(args.depth):
        x = block_rounded(weights, block, x, args.bits, args.group, out)
        print(f"block {block + 1}: {time.time() - started:.0f} s", flush=True)
    np.savez(os.path.join(args.runs, "trunk", args.name + ".npz"), **out)


if __name__ == "__main__":
    main()
