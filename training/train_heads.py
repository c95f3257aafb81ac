"""Final heads: held-out logits for calibration and thresholds, then a fit on all of train.

    train_heads.py --train lives-originals-train,lives-pack-train --clean fixed-pack-train \\
        --variant thin:0,1:linear:3e-3 --name synthetic-2

Writes RUNS/heads/NAME.pt, NAME.json (looks, calibration, thresholds) and NAME-held-out.npz (the
scores that both come from), and with --drawn NAME-drawn.pt. Nothing here reads val.
"""

import argparse
import datetime
import json
import os

import numpy as np
import torch

import compare
import data
import heads
import measures


def platt(logits, labels, weights):
    """Scale and offset that make sigmoid(a * logit + b) a probability."""
    z, y = torch.from_numpy(logits).double(), torch.from_numpy(labels).double()
    w = torch.from_numpy(weights).double()
    ab = torch.tensor([1.0, 0.0], dtype=torch.double, requires_grad=True)
    optimiser = torch.optim.LBFGS([ab], max_iter=100, line_search_fn="strong_wolfe")

    def closure():
        optimiser.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            ab[0] * z + ab[1], y, weight=w)
        loss.backward()
        return loss

    optimiser.step(closure)
    return [float(v) for v in ab.detach()]


def real_photos(table):
    """How many different real photos: the packs hold the same ones, so the larger counts."""
    real = table["label"] == 0
    packs = np.array(["pack" if "-pack-" in s else "originals" for s in table["set"]])
    return max(len(set(table["path"][real & (packs == p)])) for p in set(packs))


def thresholds_of(table, scores):
    """Scores at the stated false-positive rates on held-out real photos, with intervals."""
    real = (table["label"] == 0) & ~np.isin(table["source"], sorted(data.DOUBTFUL))
    part = heads.subset(table, real)
    weights = heads.row_weights(part, 0.5)
    photos = real_photos(part)
    found = []
    for fpr in (0.05, 0.01, 0.001):
        score = measures.threshold_at(scores[real], fpr, weights)
        interval = measures.threshold_interval(
            scores[real], part["group"], fpr, weights=weights)
        entry = {"fpr": fpr, "score": score, "interval": interval, "comments": []}
        if fpr * photos < 5:
            entry["comments"] = [
                f"{photos} held-out real photos are too few to fix this rate: "
                "the score is the upper end of the interval, to be cautious"]
            entry["score"] = max(score, interval[1])
        found.append(entry)
    return found


DRAWN_RATE = 0.003  # of photos taken for drawings
DRAWN_L2 = 3e-2


def drawn_head(args, variant, table, fits, fold):
    """A head on the first look that tells drawings from photos, with its threshold.

    The threshold comes from photos of sources that the head has not seen, the share of drawings
    that it finds from galleries that it has not seen.
    """
    look = variant["looks"][0]
    only = {**variant, "looks": [look], "kind": "linear", "strength": DRAWN_L2}
    drawn = compare.load(args, only, args.drawn)
    photos = {k: v for k, v in table.items() if k != "x"} | {"x": {look: table["x"][look]}}
    photos["label"] = np.zeros_like(photos["label"])
    photos, fold = heads.subset(photos, fits), fold[fits]
    logits = np.zeros(len(fold))
    for k in range(data.FOLDS):
        found = compare.fit(only, heads.join([heads.subset(photos, fold != k), drawn]))
        logits[fold == k] = heads.logits_of(found, heads.subset(photos, fold == k))[:, 0]
    threshold = measures.threshold_at(logits, DRAWN_RATE, heads.row_weights(photos, 0.5))
    hits = np.zeros(len(drawn["label"]), bool)
    for source in set(drawn["source"]):
        here = drawn["source"] == source
        found = compare.fit(only, heads.join([photos, heads.subset(drawn, ~here)]))
        hits[here] = heads.logits_of(found, heads.subset(drawn, here))[:, 0] >= threshold
    final = compare.fit(only, heads.join([photos, drawn]))
    facts = {"logit": threshold, "rate": DRAWN_RATE, "found": float(hits.mean()),
             "drawings": len(set(drawn["path"]))}
    return final, facts


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    data.add_arguments(parser)
    parser.add_argument("--train", required=True)
    parser.add_argument("--clean", default="", help="sets to calibrate on, by comma")
    parser.add_argument("--variant", required=True)
    parser.add_argument("--most-lives", type=int)
    parser.add_argument("--hold", type=int, default=-1, help="fold the final fit leaves out")
    parser.add_argument("--drawn", default="", help="set of drawings, for a head that tells them")
    parser.add_argument("--name", required=True)
    args = parser.parse_args()
    variant = compare.parse(args.variant)
    fit_names, clean_names = args.train.split(","), [n for n in args.clean.split(",") if n]
    table = heads.join([
        compare.load(args, variant, n) for n in dict.fromkeys(fit_names + clean_names)])
    fit_names = [n.partition("@")[0] for n in fit_names]
    clean_names = [n.partition("@")[0] for n in clean_names]
    fold = compare.fold_numbers(table)
    fits = np.isin(table["set"], fit_names)
    logits = np.zeros(len(fold))
    for k in range(data.FOLDS):
        found = compare.fit(variant, heads.subset(table, fits & (fold != k)))
        logits[fold == k] = heads.logits_of(found, heads.subset(table, fold == k)).sum(1)
    judged = np.isin(table["set"], clean_names) if clean_names else fits
    part = heads.subset(table, judged)
    weight, bias = platt(logits[judged], part["label"], heads.row_weights(part, 0.5))
    scores = 1 / (1 + np.exp(-(weight * logits[judged] + bias)))
    final = compare.fit(variant, heads.subset(table, fits & (fold != args.hold)))
    head, _, _ = heads.features.open_set(args.runs, fit_names[0])
    looks = [head["looks"][k] for k in variant["looks"]]
    base = os.path.join(args.runs, "heads", args.name)
    heads.save(final, base + ".pt")
    facts = {
        "trained": datetime.date.today().isoformat(), "side": head["side"], "looks": looks,
        "variant": args.variant, "weight": weight, "bias": bias,
        "thresholds": thresholds_of(part, scores),
        "trunks": variant["trunks"],
        "real_photos": real_photos(part),
        "held_out": measures.summary(part["label"], scores),
        "data": {
            "photos": len(set(table["path"])), "rows": int(fits.sum()),
            "sources": len(set(table["source"])), "folds": data.FOLDS, "fold_left_out": args.hold,
        },
    }
    if args.drawn:
        head_of_drawn, facts["drawn"] = drawn_head(args, variant, table, fits, fold)
        heads.save(head_of_drawn, base + "-drawn.pt")
    with open(base + ".json", "w", encoding="utf-8") as f:
        json.dump(facts, f, indent=1)
    keys = ("path", "label", "source", "generator", "set", "life")
    np.savez(base + "-held-out.npz", score=scores, **{k: part[k] for k in keys})
    print(json.dumps(facts, indent=1))


if __name__ == "__main__":
    main()
