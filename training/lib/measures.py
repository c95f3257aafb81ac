"""Figures of merit of scores against labels."""

import math

import numpy as np


def auroc(labels, scores):
    """Returns the chance that an AI-made photo scores above a real one; ties count half."""
    labels, scores = np.asarray(labels), np.asarray(scores, np.float64)
    order = np.argsort(scores, kind="stable")
    labels, scores = labels[order], scores[order]
    negatives = np.where(labels == 0, 1.0, 0.0)
    below = np.cumsum(negatives) - negatives
    _, start, count = np.unique(scores, return_index=True, return_counts=True)
    total = np.add.reduceat(negatives, start)
    half = np.repeat(below[start] + total / 2, count)
    positives = np.where(labels == 1, 1.0, 0.0)
    return float((positives * half).sum() / (positives.sum() * negatives.sum()))


def average_precision(labels, scores):
    """Returns the area under the precision-recall steps; ties are one step."""
    labels, scores = np.asarray(labels), np.asarray(scores, np.float64)
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(labels[order])
    last = np.append(np.diff(scores[order]) != 0, True)
    hits, counted = hits[last], (np.arange(len(labels)) + 1)[last]
    gained = np.diff(np.concatenate([[0], hits]))
    return float((gained * hits / counted).sum() / labels.sum())


def threshold_at(negatives, fpr):
    """Returns the lowest score above which at most FPR of the real photos lie."""
    negatives = np.asarray(negatives, np.float64)
    order = np.argsort(-negatives, kind="stable")
    share = np.cumsum(np.ones(len(negatives))) / len(negatives)
    over = np.searchsorted(share, fpr + 1e-12, side="right")
    return float(negatives[order][min(over, len(negatives) - 1)])


def tpr_at(labels, scores, fpr):
    """Returns the share of AI-made photos above the threshold that the real ones here set."""
    labels, scores = np.asarray(labels), np.asarray(scores, np.float64)
    return float((scores[labels == 1] > threshold_at(scores[labels == 0], fpr)).mean())


def balanced_accuracy(labels, scores, threshold=0.5):
    """Returns the mean of the shares of both classes on their side of the threshold."""
    labels, scores = np.asarray(labels), np.asarray(scores)
    return float(
        ((scores[labels == 1] >= threshold).mean() + (scores[labels == 0] < threshold).mean()) / 2)


def calibration_error(labels, scores, bins=10):
    """Returns the mean distance of score and share of AI-made photos over bins of equal width."""
    labels, scores = np.asarray(labels, np.float64), np.asarray(scores, np.float64)
    at = np.minimum((scores * bins).astype(int), bins - 1)
    error = 0.0
    for b in range(bins):
        here = at == b
        if here.any():
            error += here.mean() * abs(labels[here].mean() - scores[here].mean())
    return float(error)


def summarise(labels, scores):
    """Returns the figures of one set of scores by name."""
    return {
        "photos": len(labels),
        "auroc": auroc(labels, scores),
        "ap": average_precision(labels, scores),
        "balanced": balanced_accuracy(labels, scores),
        "tpr_05": tpr_at(labels, scores, 0.005),
        "tpr_1": tpr_at(labels, scores, 0.01),
        "tpr_5": tpr_at(labels, scores, 0.05),
        "ece": calibration_error(labels, scores),
    }


def threshold_interval(negatives, groups, fpr, rounds=1000, seed=1):
    """Returns the 95 % interval of `threshold_at`, drawing whole sources with replacement."""
    rng = np.random.default_rng(seed)
    negatives, groups = np.asarray(negatives), np.asarray(groups)
    where = [np.flatnonzero(groups == g) for g in np.unique(groups)]
    found = []
    for _ in range(rounds):
        drawn = np.concatenate([where[i] for i in rng.integers(0, len(where), len(where))])
        found.append(threshold_at(negatives[drawn], fpr))
    return [float(v) for v in np.percentile(found, [2.5, 97.5])]


def auroc_low(area, positives, negatives):
    """Returns the lower end of the 95 % interval of an AUROC (Hanley and McNeil, 1982)."""
    q1, q2 = area / (2 - area), 2 * area * area / (1 + area)
    variance = (area * (1 - area) + (positives - 1) * (q1 - area * area)
                + (negatives - 1) * (q2 - area * area)) / (positives * negatives)
    return area - 1.96 * math.sqrt(variance)


def share_interval(hits, count, z=1.96):
    """Returns the 95 % interval of a share (Wilson, 1927)."""
    p, d = hits / count, 1 + z * z / count
    middle = (p + z * z / (2 * count)) / d
    half = z * math.sqrt(p * (1 - p) / count + z * z / (4 * count * count)) / d
    return max(0.0, middle - half), min(1.0, middle + half)
