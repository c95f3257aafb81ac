"""Figures of merit of scores against labels: how they are defined here, once."""

import numpy as np


def auroc(labels, scores, weights=None):
    """Chance that an AI-made photo scores above a real one; ties count half."""
    labels, scores = np.asarray(labels), np.asarray(scores, np.float64)
    weights = np.ones(len(labels)) if weights is None else np.asarray(weights, np.float64)
    order = np.argsort(scores, kind="stable")
    labels, scores, weights = labels[order], scores[order], weights[order]
    negatives = np.where(labels == 0, weights, 0.0)
    below = np.cumsum(negatives) - negatives
    _, start, count = np.unique(scores, return_index=True, return_counts=True)
    total = np.add.reduceat(negatives, start)
    half = np.repeat(below[start] + total / 2, count)
    positives = np.where(labels == 1, weights, 0.0)
    return float((positives * half).sum() / (positives.sum() * negatives.sum()))


def average_precision(labels, scores):
    """Area under the precision-recall steps; ties are one step."""
    labels, scores = np.asarray(labels), np.asarray(scores, np.float64)
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(labels[order])
    last = np.append(np.diff(scores[order]) != 0, True)
    hits, seen = hits[last], (np.arange(len(labels)) + 1)[last]
    gained = np.diff(np.concatenate([[0], hits]))
    return float((gained * hits / seen).sum() / labels.sum())


def threshold_at(negatives, fpr, weights=None):
    """The lowest score above which at most FPR of the real photos lie."""
    negatives = np.asarray(negatives, np.float64)
    weights = np.ones(len(negatives)) if weights is None else np.asarray(weights, np.float64)
    order = np.argsort(-negatives, kind="stable")
    share = np.cumsum(weights[order]) / weights.sum()
    over = np.searchsorted(share, fpr + 1e-12, side="right")
    return float(negatives[order][min(over, len(negatives) - 1)])


def tpr_at(labels, scores, fpr):
    """Share of AI-made photos above the threshold that this same set sets on its real ones."""
    labels, scores = np.asarray(labels), np.asarray(scores, np.float64)
    return float((scores[labels == 1] > threshold_at(scores[labels == 0], fpr)).mean())


def balanced_accuracy(labels, scores, threshold=0.5):
    labels, scores = np.asarray(labels), np.asarray(scores)
    return float(
        ((scores[labels == 1] >= threshold).mean() + (scores[labels == 0] < threshold).mean()) / 2)


def calibration_error(labels, scores, bins=10):
    """Mean distance of score and share of AI-made photos over bins of equal width."""
    labels, scores = np.asarray(labels, np.float64), np.asarray(scores, np.float64)
    at = np.minimum((scores * bins).astype(int), bins - 1)
    error = 0.0
    for b in range(bins):
        here = at == b
        if here.any():
            error += here.mean() * abs(labels[here].mean() - scores[here].mean())
    return float(error)


def summary(labels, scores):
    """The row of figures that every table shows."""
    return {
        "photos": len(labels),
        "auroc": auroc(labels, scores),
        "ap": average_precision(labels, scores),
        "balanced": balanced_accuracy(labels, scores),
        "tpr_1": tpr_at(labels, scores, 0.01),
        "tpr_5": tpr_at(labels, scores, 0.05),
        "ece": calibration_error(labels, scores),
    }


def threshold_interval(negatives, groups, fpr, rounds=1000, seed=1, weights=None):
    """95 % interval of `threshold_at`, drawing whole sources with replacement."""
    rng = np.random.default_rng(seed)
    negatives, groups = np.asarray(negatives), np.asarray(groups)
    weights = np.ones(len(negatives)) if weights is None else np.asarray(weights)
    where = [np.flatnonzero(groups == g) for g in np.unique(groups)]
    found = []
    for _ in range(rounds):
        drawn = np.concatenate([where[i] for i in rng.integers(0, len(where), len(where))])
        found.append(threshold_at(negatives[drawn], fpr, weights[drawn]))
    return [float(v) for v in np.percentile(found, [2.5, 97.5])]
