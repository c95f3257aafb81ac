"""From held-out logits to a score, its thresholds, and the limits of the two early ways out.

Every number is fitted on photos whose group of sources the heads that scored them had not seen.
"""

import datetime

import numpy as np

from lib import heads, measures
from lib import table as tables

RATES = [0.05, 0.01, 0.005, 0.001]
DRAWN_RATE = 0.003
EXIT_LOSS = {"exit": 0.003, "whole": 0.003}
LISTED_PHOTOS_MIN, LISTED_RATE = 15, 0.05  # of a source that `measure_rates` lists


def fit_weights(logits, rows, keep, part=None):
    """Fits weights of the logits and the bias of the score's logit on `part` of the rows that are
    kept, which weigh as they do among all of them."""
    weight = np.zeros(len(keep))
    weight[keep] = tables.weigh_rows(rows.take(keep), 0.5)
    part = keep if part is None else part & keep
    z = np.stack(logits, 1)[part].astype(np.float32)
    head = heads.fit_linear(z, rows.label[part], weight[part], 1e-4, smooth=0.0)
    return [float(w) for w in head.weights], head.bias


def find_thresholds(scores, rows, real):
    """Finds for each rate the score that this share of real photos reaches: the upper end of its
    95 % interval over sources."""
    found = []
    for rate in RATES:
        point = measures.threshold_at(scores[real], rate)
        low, high = measures.threshold_interval(scores[real], rows.source[real], rate)
        found.append({"fpr": rate, "score": high, "point": point, "interval": [low, high]})
    return found


def find_exit(name, logits, scores, limits, rows, keep, already_left=None):
    """Finds the logit up to which a photo leaves early: at most EXIT_LOSS of the AI-made photos
    that the whole model calls suspect may, and none whose score on leaving would be unsure.
    `limits` are the scores of unsure and suspect. Returns the logit, the weight and bias of the
    score on leaving and what share leaves; and which rows have left by then."""
    unsure, suspect = limits
    if already_left is None:
        already_left = np.zeros(len(logits), bool)
    caught = keep & (rows.label == 1) & (scores > suspect) & ~already_left
    limit = float(np.quantile(logits[caught], EXIT_LOSS[name]))
    (weight,), bias = fit_weights([logits], rows, keep, (logits <= limit) & ~already_left)
    limit = min(limit, (np.log(unsure / (1 - unsure)) - bias) / weight - 0.02)
    leaves = (logits <= limit) | already_left
    facts = {"logit_max": limit, "weight": weight, "bias": bias,
             "score_max": float(heads.sigmoid(bias + weight * limit))}
    for features in dict.fromkeys(rows.features):
        here = keep & (rows.features == features)
        real, ai_made = here & (rows.label == 0), here & (rows.label == 1)
        facts[features] = {"real_left": float(leaves[real].mean()),
                           "made_left": float(leaves[ai_made].mean()),
                           "caught_left": float(leaves[ai_made & (scores > suspect)].mean())}
    return facts, leaves


def measure_rates(scores, suspect, rows, keep):
    """Measures, for each features' name, the shares of both classes over the threshold; lists real
    sources of LISTED_PHOTOS_MIN photos and more over LISTED_RATE."""
    found = {}
    for features in dict.fromkeys(rows.features):
        here = keep & (rows.features == features)
        real, ai_made = here & (rows.label == 0), here & (rows.label == 1)
        worst = {}
        for source in sorted(set(rows.source[real])):
            some = scores[real & (rows.source == source)] > suspect
            if len(some) >= LISTED_PHOTOS_MIN and some.mean() > LISTED_RATE:
                worst[source] = f"{some.sum()}/{len(some)}"
        found[features] = {"fpr": float((scores[real] > suspect).mean()),
                           "tpr": float((scores[ai_made] > suspect).mean()), "sources": worst}
    return found


def calibrate(rows, logits, keep, blocks, exit_block):
    """Calibrates the score of both crops on the rows that are kept. Returns the scores and the
    facts of the model: weights, thresholds, early ways out, rates, figures."""
    weights, bias = fit_weights([logits["face"], logits["whole"]], rows, keep)
    scores = heads.sigmoid(bias + weights[0] * logits["face"] + weights[1] * logits["whole"])
    real = keep & (rows.label == 0)
    thresholds = find_thresholds(scores, rows, real)
    limits = [next(t["score"] for t in thresholds if t["fpr"] == rate) for rate in (0.05, 0.01)]
    by_exit, leaves = find_exit("exit", logits["exit"], scores, limits, rows, keep)
    alone, _ = find_exit("whole", logits["whole"], scores, limits, rows, keep, leaves)
    figures = {}
    for features in dict.fromkeys(rows.features):
        here = keep & (rows.features == features)
        figures[features] = measures.summarise(rows.label[here], scores[here])
    return scores, {
        "trained": datetime.date.today().isoformat(), "blocks": blocks, "weights": weights,
        "bias": bias, "thresholds": thresholds, "real_photos": len(set(rows.photo[real])),
        "real_sources": len(set(rows.source[real])), "exit": {"block": exit_block} | by_exit,
        "whole_alone": alone, "rates": measure_rates(scores, limits[1], rows, keep),
        "held_out": figures}
