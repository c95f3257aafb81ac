"""The heads of a model, chosen by choose.py: fitted, calibrated and given thresholds.

    train.py --histories small/q5/clean,small/q5/worn1 --blocks 4+6+8+10+12 --exit 4 \\
        --name synthetic-6

Per crop one head with a hidden layer. A weighted sum of the crops' logits is the score's; weights
and thresholds come from photos whose group of sources the heads that scored them had not seen.
Writes RUNS/heads/NAME.pkl and NAME.json, and NAME-held-out.npz with every held-out logit.
"""

import argparse
import datetime
import json
import os
import pickle

import numpy as np

import data
import heads
import measures
import table as tables

AXES = 1024
WORN = 0.4
HIDDEN = {"hidden": 64, "seeds": 2, "epochs": 16, "rate": 3e-3, "noise": 1.0}
RATES = [0.05, 0.01, 0.005, 0.001]
DRAWN_RATE = 0.003
EXIT_LOSS = {"exit": 0.01, "whole": 0.003}


def flat(rows, crop, blocks):
    at = [tables.BLOCKS.index(b) for b in blocks]
    return rows.x[crop][:, at].reshape(len(rows.label), -1)


def fit_crop(z, rows):
    return heads.fit_hidden(z, rows.label, weights_of(rows), **HIDDEN)


def weights_of(rows):
    """Worn photos count for less: there are as many of them as of clean ones."""
    worn = np.char.find(rows.history, "worn") >= 0
    return tables.weights_of(rows) * np.where(worn, WORN, 1.0)


def fit_exit(z, rows):
    return heads.fit_hidden(z, rows.label, weights_of(rows), **(HIDDEN | {"seeds": 1}))


def held_out(fit, z, rows, fold, usable):
    """Logits by heads that did not see the row's fold; nan where not usable."""
    logits = np.full(len(rows.label), np.nan)
    for k in range(tables.FOLDS):
        there = np.flatnonzero(usable & photos_in(rows) & (fold != k))
        here = np.flatnonzero(usable & (fold == k))
        logits[here] = fit(z[there], rows.take(there))(z[here])
    return logits


def photos_in(rows):
    return np.isin(rows.kind, tables.PHOTO_KINDS)


def calibrated(logits, rows, keep, part=None):
    """Weights of the logits and the bias of the score's logit, fitted on `part` of the rows that
    are kept, which weigh as they do among all of them."""
    weight = np.zeros(len(keep))
    weight[keep] = tables.weights_of(rows.take(keep), 0.5)
    part = keep if part is None else part & keep
    z = np.stack(logits, 1)[part].astype(np.float32)
    head = heads.fit_linear(z, rows.label[part], weight[part], 1e-4, smooth=0.0)
    return [float(w) for w in head.weights], head.bias


def thresholds_of(scores, rows, keep):
    """Per rate the upper end of the 95 % interval, over sources, of the score that share of real
    photos reaches, and how many there are."""
    real = keep & (rows.label == 0)
    found = []
    for rate in RATES:
        point = measures.threshold_at(scores[real], rate)
        low, high = measures.threshold_interval(scores[real], rows.source[real], rate)
        found.append({"fpr": rate, "score": high, "point": point, "interval": [low, high]})
    return found, len(set(rows.photo[real])), len(set(rows.source[real]))


def drawn_head(z, rows, fold):
    """A linear head of the face crop that tells drawings, its logit's threshold, and how many
    drawings of held-out groups it finds."""
    drawing = rows.kind == "drawing"
    usable = rows.face & (photos_in(rows) | drawing)
    target = drawing.astype(int)

    def fit(there):
        share = np.where(drawing[there], 0.5 / drawing[there].sum(), 0.5 / (~drawing[there]).sum())
        return heads.fit_linear(z[there], target[there], share, 0.03)

    # The sources of drawings are few: they are dealt by themselves, one to a fold.
    names = sorted(set(rows.source[drawing]))
    fold = fold.copy()
    for k, name in enumerate(names):
        fold[drawing & (rows.source == name)] = k % tables.FOLDS
    logits = np.full(len(target), np.nan)
    for k in range(tables.FOLDS):
        there = np.flatnonzero(usable & (fold != k))
        here = np.flatnonzero(usable & (fold == k))
        logits[here] = fit(there)(z[here])
    photo = usable & ~drawing
    limit = measures.threshold_at(logits[photo], DRAWN_RATE)
    facts = {"logit": limit, "rate": DRAWN_RATE, "drawings": len(set(rows.photo[usable & drawing])),
             "found": float((logits[usable & drawing] > limit).mean())}
    return fit(np.flatnonzero(usable)), facts


def exit_of(name, logits, scores, limits, rows, keep, gone=None):
    """The logit up to which a photo leaves early: at most EXIT_LOSS of the AI-made photos that the
    whole model calls suspect may, and none with a score of its own that is unsure; that score's
    weight and bias; and what it is worth. `limits` are the scores of unsure and suspect, `gone`
    have left before."""
    unsure, suspect = limits
    gone = np.zeros(len(logits), bool) if gone is None else gone
    caught = keep & (rows.label == 1) & (scores > suspect) & ~gone
    limit = float(np.quantile(logits[caught], EXIT_LOSS[name]))
    (weight,), bias = calibrated([logits], rows, keep, (logits <= limit) & ~gone)
    limit = min(limit, (np.log(unsure / (1 - unsure)) - bias) / weight - 0.02)
    leave = (logits <= limit) | gone
    facts = {"logit_max": limit, "weight": weight, "bias": bias,
             "score_max": float(heads.sigmoid(bias + weight * limit))}
    for history in dict.fromkeys(rows.history):
        here = keep & (rows.history == history)
        real, made = here & (rows.label == 0), here & (rows.label == 1)
        over = made & (scores > suspect)
        facts[history] = {"real_left": float(leave[real].mean()),
                          "made_left": float(leave[made].mean()),
                          "caught_left": float(leave[over].mean())}
    return facts, leave


def rates_of(scores, suspect, rows, keep):
    """Per history: shares of real and of AI-made photos over the threshold, and the real sources of
    15 photos and more over 5 %."""
    found = {}
    for history in dict.fromkeys(rows.history):
        here = keep & (rows.history == history)
        real, made = here & (rows.label == 0), here & (rows.label == 1)
        worst = {}
        for source in sorted(set(rows.source[real])):
            some = scores[real & (rows.source == source)] > suspect
            if len(some) >= 15 and some.mean() > 0.05:
                worst[source] = f"{some.sum()}/{len(some)}"
        found[history] = {"fpr": float((scores[real] > suspect).mean()),
                          "tpr": float((scores[made] > suspect).mean()), "sources": worst}
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", default=os.path.join(data.HERE, "runs"))
    parser.add_argument("--histories", required=True)
    parser.add_argument("--blocks", required=True)
    parser.add_argument("--exit", type=int, required=True)
    parser.add_argument("--name", required=True)
    args = parser.parse_args()
    blocks = [int(b) for b in args.blocks.split("+")]
    rows = tables.load(args.runs, args.histories.split(","), tables.BLOCKS)
    rows = rows.take(rows.split != "val")
    fold, keep = tables.folds_of(rows), tables.judged(rows)
    first = np.char.endswith(rows.history, "/clean")
    axes, z, logits, final = {}, {}, {}, {}
    for crop in ("face", "whole"):
        usable = rows.face if crop == "face" else np.ones(len(rows.label), bool)
        x = flat(rows, crop, blocks)
        axes[crop] = heads.Axes.of(x[usable & first & photos_in(rows)], AXES)
        z[crop] = axes[crop](x)
        logits[crop] = held_out(fit_crop, z[crop], rows, fold, usable)
        fit = np.flatnonzero(usable & photos_in(rows))
        final[crop] = fit_crop(z[crop][fit], rows.take(fit))
        print(crop, measures.auroc(rows.label[keep & rows.face],
                                   logits[crop][keep & rows.face]), flush=True)
    usable = photos_in(rows)
    x = flat(rows, "whole", [args.exit])
    axes["exit"] = heads.Axes.of(x[usable & first], AXES)
    z["exit"] = axes["exit"](x)
    logits["exit"] = held_out(fit_exit, z["exit"], rows, fold, np.ones(len(usable), bool))
    fit = np.flatnonzero(usable)
    final["exit"] = fit_exit(z["exit"][fit], rows.take(fit))
    final["drawn"], drawn = drawn_head(z["face"], rows, fold)
    scored = keep & rows.face
    weights, bias = calibrated([logits["face"], logits["whole"]], rows, scored)
    scores = heads.sigmoid(bias + weights[0] * logits["face"] + weights[1] * logits["whole"])
    thresholds, real, sources = thresholds_of(scores, rows, scored)
    limits = [next(t["score"] for t in thresholds if t["fpr"] == rate) for rate in (0.05, 0.01)]
    early, left = exit_of("exit", logits["exit"], scores, limits, rows, scored)
    alone, _ = exit_of("whole", logits["whole"], scores, limits, rows, scored, left)
    facts = {
        "trained": datetime.date.today().isoformat(), "blocks": blocks, "weights": weights,
        "bias": bias, "thresholds": thresholds, "real_photos": real, "real_sources": sources,
        "drawn": drawn, "exit": {"block": args.exit} | early, "whole_alone": alone,
        "rates": rates_of(scores, limits[1], rows, scored),
        "held_out": {h: measures.summary(rows.label[scored & (rows.history == h)],
                                         scores[scored & (rows.history == h)])
                     for h in dict.fromkeys(rows.history)},
        "data": {"photos": len(set(rows.photo)), "rows": len(rows.photo),
                 "sources": len(set(rows.source)), "groups": len(set(rows.group)),
                 "folds": tables.FOLDS},
    }
    base = os.path.join(args.runs, "heads", args.name)
    os.makedirs(os.path.dirname(base), exist_ok=True)
    with open(base + ".pkl", "wb") as f:
        pickle.dump({"axes": axes, "heads": final}, f)
    with open(base + ".json", "w", encoding="utf-8") as f:
        json.dump(facts, f, indent=1)
    columns = {k: v for k, v in vars(rows).items() if k != "x"}
    np.savez(base + "-held-out.npz", score=scores, **columns,
             **{f"{k}_logit": v for k, v in logits.items()})
    print(json.dumps(facts, indent=1))


if __name__ == "__main__":
    main()
