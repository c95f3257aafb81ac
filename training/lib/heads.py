"""Heads on pooled features: linear, or with one hidden layer; one per crop.

Features are standardised by training photos and rotated onto their main axes first (`Axes`); both
fold into the first layer at export.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

CLIP = 8.0  # deviations that a feature is limited to


@dataclass
class Axes:
    """Standardisation and main axes: z = ((x - mean) / deviation) @ rotation."""

    mean: np.ndarray
    deviation: np.ndarray
    rotation: np.ndarray  # [width, axes]

    @classmethod
    def fit(cls, x, count, seed=1, rows_max=6000):
        """Finds the `count` axes of most variance of rows f16 [n, width], by a random range finder
        (Halko, Martinsson and Tropp, 2011)."""
        rng = np.random.default_rng(seed)
        some = x if len(x) <= rows_max else x[np.sort(rng.choice(len(x), rows_max,
                                                                      replace=False))]
        some = some.astype(np.float32)
        mean, deviation = some.mean(0), some.std(0) + 1e-3
        some = np.clip((some - mean) / deviation, -CLIP, CLIP)
        count = min(count, len(some) - 1)
        sketch = some @ rng.standard_normal((some.shape[1], count + 32)).astype(np.float32)
        for _ in range(2):
            sketch = some @ (some.T @ np.linalg.qr(sketch)[0])
        basis = np.linalg.qr(sketch)[0]
        small = basis.T @ some
        values, vectors = np.linalg.eigh((small @ small.T).astype(np.float64))
        best = np.argsort(-values)[:count]
        rotation = small.T @ (vectors[:, best] / np.sqrt(values[best])).astype(np.float32)
        return cls(mean, deviation, rotation)

    def __call__(self, x, piece=2000):
        """Returns f32 [n, axes]."""
        parts = []
        for at in range(0, len(x), piece):
            some = (x[at:at + piece].astype(np.float32) - self.mean) / self.deviation
            parts.append(np.clip(some, -CLIP, CLIP) @ self.rotation)
        return np.concatenate(parts)


def find_axes(kept, name):
    """Finds the axes of a head: the head for drawings may read the face's."""
    return kept["axes"].get(name, kept["axes"]["face"])


def sigmoid(x):
    return 1 / (1 + np.exp(-np.clip(x, -60, 60)))


def fit_linear(z, y, weight, strength=0.01, smooth=0.02, steps=150):
    """Fits a logistic regression; `strength` times the squared length of its weights is added to
    the mean loss."""
    goal, weight = y * (1 - 2 * smooth) + smooth, weight / weight.sum()

    def loss(theta):
        logit = z @ theta[:-1].astype(np.float32) + np.float32(theta[-1])
        value = weight @ (np.logaddexp(0, logit) - goal * logit)
        off = (weight * (sigmoid(logit) - goal)).astype(np.float32)
        slope = np.append(off @ z, off.sum())
        slope[:-1] += 2 * strength * theta[:-1]
        return value + strength * (theta[:-1] ** 2).sum(), slope.astype(np.float64)

    found = minimize(loss, np.zeros(z.shape[1] + 1), jac=True, method="L-BFGS-B",
                     options={"maxiter": steps}).x
    return Linear(found[:-1].astype(np.float32), float(found[-1]))


@dataclass
class Linear:
    weights: np.ndarray
    bias: float

    def __call__(self, z):
        return z @ self.weights + self.bias


@dataclass
class Hidden:
    """One hidden layer: logit = relu(z @ a + b) @ c + d."""

    a: np.ndarray
    b: np.ndarray
    c: np.ndarray
    d: float

    def __call__(self, z):
        return np.maximum(z @ self.a + self.b, 0) @ self.c + self.d


def fit_hidden(z, y, weight, seeds=1, **options):
    """Fits a net for each seed; returns their mean as one wide net."""
    nets = [fit_net(z, y, weight, seed, **options) for seed in range(1, seeds + 1)]
    return Hidden(np.concatenate([n.a for n in nets], 1), np.concatenate([n.b for n in nets]),
                  np.concatenate([n.c for n in nets]) / seeds, float(np.mean([n.d for n in nets])))


def fit_net(z, y, weight, seed, hidden=128, noise=1.0, drop=0.5, decay=0.3, smooth=0.02, mix=0.4,
            epochs=6, rate=1e-3, batch=256):
    """Fits by AdamW on mixed pairs of photos (Zhang et al., "mixup: Beyond Empirical Risk
    Minimization", 2018). `noise` deviations of each feature are added before they are rotated,
    which is `noise` on every axis; a share `drop` of the hidden numbers is left out."""
    rng = np.random.default_rng(seed)
    wide = z.shape[1]
    theta = {"a": rng.uniform(-1, 1, (wide, hidden)).astype(np.float32) / np.sqrt(wide),
             "b": np.zeros(hidden, np.float32),
             "c": rng.uniform(-1, 1, hidden).astype(np.float32) / np.sqrt(hidden),
             "d": np.zeros(1, np.float32)}
    first = {k: np.zeros_like(v) for k, v in theta.items()}
    second = {k: 0.0 for k in theta}
    goal = (y * (1 - 2 * smooth) + smooth).astype(np.float32)
    weight = (weight / weight.mean()).astype(np.float32)
    total, step = epochs * (len(y) // batch), 0
    for _ in range(epochs):
        order = rng.permutation(len(y))
        for at in range(len(y) // batch):
            some = order[at * batch:(at + 1) * batch]
            mixed = mix_batch(z, goal, weight, some, rng, mix, noise)
            slope = differentiate(theta, mixed, drop, rng)
            step += 1
            now = schedule_rate(step / total) * rate
            for k, g in slope.items():
                first[k] += 0.1 * (g - first[k])
                # One size of step for all axes: steps of their own would favour axes of little
                # variance, and the result would depend on how the features are rotated.
                second[k] += 0.001 * (np.mean(g * g) - second[k])
                theta[k] *= 1 - now * decay
                theta[k] -= now * (first[k] / (1 - 0.9 ** step)) / (
                    np.sqrt(second[k] / (1 - 0.999 ** step)) + 1e-8)
    return Hidden(theta["a"], theta["b"], theta["c"], float(theta["d"][0]))


def schedule_rate(share):
    """Returns the share of the rate at a share of the steps: it rises over the first three tenths,
    then falls to zero, both as a cosine."""
    if share < 0.3:
        return 0.04 + 0.96 * (1 - np.cos(np.pi * share / 0.3)) / 2
    return (1 + np.cos(np.pi * (share - 0.3) / 0.7)) / 2


def mix_batch(z, goal, weight, some, rng, mix, noise):
    """Mixes each row of a batch with another and adds noise; returns inputs, goals, weights."""
    other, share = some[rng.permutation(len(some))], np.float32(rng.beta(mix, mix))
    x, y, w = (share * v[some] + (1 - share) * v[other] for v in (z, goal, weight))
    return x + np.float32(noise) * rng.standard_normal(x.shape, np.float32), y, w


def differentiate(theta, batch, drop, rng):
    """Returns the derivative of the mean weighted loss."""
    x, y, w = batch
    keep = (rng.random((len(x), len(theta["b"])), np.float32) >= drop) / np.float32(1 - drop)
    hidden = np.maximum(x @ theta["a"] + theta["b"], 0) * keep
    off = w * (sigmoid(hidden @ theta["c"] + theta["d"][0]) - y) / len(x)
    back = off[:, None] * theta["c"] * keep * (hidden > 0)
    return {"a": x.T @ back, "b": back.sum(0), "c": hidden.T @ off, "d": off.sum(keepdims=True)}
