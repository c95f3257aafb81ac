"""Heads on pooled features: linear, or with one hidden layer; one per crop.

Features are standardised by training photos and turned onto their main axes first (`Axes`); both
fold into the first layer at export.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

CLIP = 8.0  # deviations beyond which a feature says no more


@dataclass
class Axes:
    """Standardisation and main axes: z = ((x - mean) / deviation) @ turn."""

    mean: np.ndarray
    deviation: np.ndarray
    turn: np.ndarray  # [width, axes]

    @classmethod
    def of(cls, x, count, seed=1, most=6000):
        """From rows x f16 [n, width]: the `count` axes of most variance, by a random range finder
        (Halko, Martinsson and Tropp, 2011)."""
        rng = np.random.default_rng(seed)
        some = x if len(x) <= most else x[np.sort(rng.choice(len(x), most, replace=False))]
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
        turn = small.T @ (vectors[:, best] / np.sqrt(values[best])).astype(np.float32)
        return cls(mean, deviation, turn)

    def __call__(self, x, piece=2000):
        """f32 [n, axes]."""
        parts = []
        for at in range(0, len(x), piece):
            some = (x[at:at + piece].astype(np.float32) - self.mean) / self.deviation
            parts.append(np.clip(some, -CLIP, CLIP) @ self.turn)
        return np.concatenate(parts)


def axes_of(kept, name):
    """Axes of a head that train.py or settle.py kept: the head for drawings may read the face's."""
    return kept["axes"].get(name, kept["axes"]["face"])


def sigmoid(x):
    return 1 / (1 + np.exp(-np.clip(x, -60, 60)))


def fit_linear(z, y, weight, strength=0.01, smooth=0.02, steps=150):
    """Logistic regression; `strength` times the squared length of its weights is added to the mean
    loss."""
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
    """One hidden layer: logit = relu(z @ a + b) @ c + d, the mean over `nets` of them."""

    a: np.ndarray
    b: np.ndarray
    c: np.ndarray
    d: float

    def __call__(self, z):
        return np.maximum(z @ self.a + self.b, 0) @ self.c + self.d


def fit_hidden(z, y, weight, seeds=1, **options):
    """The mean of the nets of several seeds, as one wide net."""
    nets = [fit_net(z, y, weight, seed, **options) for seed in range(1, seeds + 1)]
    return Hidden(np.concatenate([n.a for n in nets], 1), np.concatenate([n.b for n in nets]),
                  np.concatenate([n.c for n in nets]) / seeds, float(np.mean([n.d for n in nets])))


def fit_net(z, y, weight, seed, hidden=128, noise=1.0, drop=0.5, decay=0.3, smooth=0.02, mix=0.4,
            epochs=6, rate=1e-3, batch=256, twin=None, pull=0.0):
    """AdamW on mixed pairs of photos (Zhang et al., "mixup: Beyond Empirical Risk Minimization",
    2018). `noise` deviations of each feature are added before they are turned, which is `noise` on
    every axis; half of the hidden numbers are left out. `twin` [n] names for each row another
    history of the same photo (itself where there is none), whose logit is pulled towards its own
    by `pull` times the squared difference."""
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
            slope = slopes(theta, batch_of(z, goal, weight, some, rng, mix, noise), drop, rng)
            if pull and twin is not None:
                other = pulls(theta, z[some], z[twin[some]], pull)
                slope = {k: v + other[k] for k, v in slope.items()}
            step += 1
            now = one_cycle(step / total) * rate
            for k, g in slope.items():
                first[k] += 0.1 * (g - first[k])
                # One size of step for all axes: steps of their own would favour axes of little
                # variance, and the result would depend on how the features are turned.
                second[k] += 0.001 * (np.mean(g * g) - second[k])
                theta[k] *= 1 - now * decay
                theta[k] -= now * (first[k] / (1 - 0.9 ** step)) / (
                    np.sqrt(second[k] / (1 - 0.999 ** step)) + 1e-8)
    return Hidden(theta["a"], theta["b"], theta["c"], float(theta["d"][0]))


def one_cycle(share):
    """Rises over the first three tenths, then falls to nought, both as a cosine."""
    if share < 0.3:
        return 0.04 + 0.96 * (1 - np.cos(np.pi * share / 0.3)) / 2
    return (1 + np.cos(np.pi * (share - 0.3) / 0.7)) / 2


def batch_of(z, goal, weight, some, rng, mix, noise):
    other, share = some[rng.permutation(len(some))], np.float32(rng.beta(mix, mix))
    x, y, w = (share * v[some] + (1 - share) * v[other] for v in (z, goal, weight))
    return x + np.float32(noise) * rng.standard_normal(x.shape, np.float32), y, w


def slopes(theta, batch, drop, rng):
    """The derivative of the mean weighted loss."""
    x, y, w = batch
    keep = (rng.random((len(x), len(theta["b"])), np.float32) >= drop) / np.float32(1 - drop)
    hidden = np.maximum(x @ theta["a"] + theta["b"], 0) * keep
    off = w * (sigmoid(hidden @ theta["c"] + theta["d"][0]) - y) / len(x)
    return backwards(theta, x, hidden, off, keep)


def backwards(theta, x, hidden, off, keep):
    back = off[:, None] * theta["c"] * keep * (hidden > 0)
    return {"a": x.T @ back, "b": back.sum(0), "c": hidden.T @ off, "d": off.sum(keepdims=True)}


def pulls(theta, x, twin, pull):
    """The derivative of `pull` times the mean squared difference of the twins' logits."""
    seen = [np.maximum(v @ theta["a"] + theta["b"], 0) for v in (x, twin)]
    off = (seen[0] - seen[1]) @ theta["c"] * (2 * pull / len(x))
    parts = [backwards(theta, v, h, s * off, 1.0) for v, h, s in zip((x, twin), seen, (1, -1))]
    return {k: parts[0][k] + parts[1][k] for k in parts[0]}
