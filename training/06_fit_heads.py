"""Fit the heads of a model, chosen by 05_compare_heads.py; calibrate them and find thresholds.

    06_fit_heads.py --features small/q5/clean,small/q5/worn1 --blocks 4+6+8+10+12 --exit 4 \\
        --name synthetic-6

One head with a hidden layer for each crop, one for the early way out, and a linear one of the face
that tells drawings from photos. Writes what lib/model_files.py describes.
"""

import argparse
import json

import numpy as np

from lib import calibration, heads, measures, model_files, paths
from lib import table as tables

AXES = 1024
WORN_WEIGHT = 0.4
HIDDEN = {"hidden": 64, "seeds": 2, "epochs": 16, "rate": 3e-3, "noise": 1.0}
DRAWN_STRENGTH = 0.03


def weigh_rows(rows):
    """Weighs worn photos less: there are as many of them as of clean ones."""
    worn = np.char.find(rows.features, "worn") >= 0
    return tables.weigh_rows(rows) * np.where(worn, WORN_WEIGHT, 1.0)


def fit_crop(z, rows):
    return heads.fit_hidden(z, rows.label, weigh_rows(rows), **HIDDEN)


def fit_exit(z, rows):
    return heads.fit_hidden(z, rows.label, weigh_rows(rows), **(HIDDEN | {"seeds": 1}))


def score_held_out(fit, z, rows, fold, usable):
    """Returns logits by heads that did not see the row's fold; nan where not usable."""
    logits = np.full(len(rows.label), np.nan)
    for k in range(tables.FOLDS):
        fit_on = np.flatnonzero(usable & rows.is_photo() & (fold != k))
        here = np.flatnonzero(usable & (fold == k))
        logits[here] = fit(z[fit_on], rows.take(fit_on))(z[here])
    return logits


def fit_drawn(z, rows, fold):
    """Fits a linear head of the face crop that tells drawings. Returns it, the threshold of its
    logit, and how many drawings of held-out groups it finds."""
    drawing = rows.kind == "drawing"
    usable = rows.face & (rows.is_photo() | drawing)

    def fit(on):
        weight = np.where(drawing[on], 0.5 / drawing[on].sum(), 0.5 / (~drawing[on]).sum())
        return heads.fit_linear(z[on], drawing[on].astype(int), weight, DRAWN_STRENGTH)

    # The sources of drawings are few: they get folds of their own, one after the other.
    fold = fold.copy()
    for k, name in enumerate(sorted(set(rows.source[drawing]))):
        fold[drawing & (rows.source == name)] = k % tables.FOLDS
    logits = np.full(len(drawing), np.nan)
    for k in range(tables.FOLDS):
        here = np.flatnonzero(usable & (fold == k))
        logits[here] = fit(np.flatnonzero(usable & (fold != k)))(z[here])
    limit = measures.threshold_at(logits[usable & ~drawing], calibration.DRAWN_RATE)
    facts = {"logit": limit, "rate": calibration.DRAWN_RATE,
             "drawings": len(set(rows.photo[usable & drawing])),
             "found": float((logits[usable & drawing] > limit).mean())}
    return fit(np.flatnonzero(usable)), facts


def fit_heads(rows, fold, blocks, exit_block):
    """Fits the axes and heads of both crops, the exit and drawings. Returns them, the held-out
    logits of the crops and the exit, and the facts of the head for drawings."""
    clean = np.char.endswith(rows.features, "/clean")
    everything = np.ones(len(rows.label), bool)
    axes, fitted, logits = {}, {}, {}
    for name, crop, taps, usable, fit in (("face", "face", blocks, rows.face, fit_crop),
                                          ("whole", "whole", blocks, everything, fit_crop),
                                          ("exit", "whole", [exit_block], everything, fit_exit)):
        x = rows.flatten(crop, taps)
        fit_on = np.flatnonzero(usable & rows.is_photo())
        axes[name] = heads.Axes.fit(x[usable & clean & rows.is_photo()], AXES)
        z = axes[name](x)
        logits[name] = score_held_out(fit, z, rows, fold, usable)
        fitted[name] = fit(z[fit_on], rows.take(fit_on))
        if name == "face":
            fitted["drawn"], drawn = fit_drawn(z, rows, fold)
        scored = rows.is_reliable() & rows.face
        print(name, measures.auroc(rows.label[scored], logits[name][scored]), flush=True)
    return {"axes": axes, "heads": fitted}, logits, drawn


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", default=paths.RUNS)
    parser.add_argument("--features", required=True)
    parser.add_argument("--blocks", required=True)
    parser.add_argument("--exit", type=int, required=True, help="block of the early way out")
    parser.add_argument("--name", required=True)
    args = parser.parse_args()
    blocks = [int(b) for b in args.blocks.split("+")]
    rows = tables.load_table(args.runs, args.features.split(","))
    rows = rows.take(rows.split != "val")
    kept, logits, drawn = fit_heads(rows, tables.assign_folds(rows), blocks, args.exit)
    keep = rows.is_reliable() & rows.face
    scores, facts = calibration.calibrate(rows, logits, keep, blocks, args.exit)
    facts |= {"drawn": drawn, "data": {
        "photos": len(set(rows.photo)), "rows": len(rows.photo), "sources": len(set(rows.source)),
        "groups": len(set(rows.group)), "folds": tables.FOLDS}}
    model_files.write_model(args.runs, args.name, kept, facts)
    model_files.write_held_out(args.runs, args.name, rows, scores, logits)
    print(json.dumps(facts, indent=1))


if __name__ == "__main__":
    main()
