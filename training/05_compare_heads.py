"""Compare candidates for the heads on folds of groups of sources of train and `more`.

    05_compare_heads.py --features small/q5/clean --candidates whole+face:4+8+12:linear:0.1 ...

A candidate is CROPS:BLOCKS:linear:STRENGTH or CROPS:BLOCKS:hidden:OPTION=VALUE,…; crops joined by +
are one head on the features of both. Photos are scored by heads that saw none of their group.
Prints figures for each features' name and writes the logits into RUNS/held-out. --val adds val's
figures, by which nothing may be chosen.
"""

import argparse
import os
import time

import numpy as np

from lib import heads, measures, paths
from lib import table as tables

AXES = 1024


class Candidate:
    """What is between the colons of a candidate's name."""

    def __init__(self, name):
        crops, blocks, self.kind, options = name.split(":")
        self.crops, self.blocks = crops.split("+"), [int(b) for b in blocks.split("+")]
        self.needs_face = "face" in self.crops
        self.options, self.strength = {}, None
        if self.kind == "linear":
            self.strength = float(options)
        for option in options.split(",") if self.kind == "hidden" and options else []:
            key, value = option.split("=")
            self.options[key] = float(value) if "." in value else int(value)

    def usable(self, rows):
        """Marks rows that the candidate can be fitted on."""
        return rows.is_photo() & (rows.face | (not self.needs_face))

    def fit_axes(self, rows):
        """Fits the main axes of each crop's features; labels have no part in them."""
        return {c: heads.Axes.fit(rows.flatten(c, self.blocks), AXES) for c in self.crops}

    def rotate(self, rows, axes):
        return np.concatenate([axes[c](rows.flatten(c, self.blocks)) for c in self.crops], 1)

    def fit(self, z, rows):
        """Fits a function from rotated features to logits."""
        weight = tables.weigh_rows(rows)
        if self.kind == "linear":
            return heads.fit_linear(z, rows.label, weight, self.strength)
        return heads.fit_hidden(z, rows.label, weight, **self.options)

    def score_held_out(self, z, rows, fold):
        """Returns logits by heads that did not see the row's fold; nan where not scored."""
        logits = np.full(len(rows.label), np.nan)
        for k in range(tables.FOLDS):
            fit_on = np.flatnonzero(self.usable(rows) & (fold != k))
            here = np.flatnonzero((fold == k) & (rows.face | (not self.needs_face)))
            logits[here] = self.fit(z[fit_on], rows.take(fit_on))(z[here])
        return logits


def report(name, rows, logits, keep):
    for features in dict.fromkeys(rows.features):
        here = keep & (rows.features == features) & ~np.isnan(logits)
        if here.any():
            label, score = rows.label[here], logits[here]
            tpr = [f"{rate:.1%} {measures.tpr_at(label, score, rate):.3f}"
                   for rate in (0.01, 0.005, 0.05)]
            print(f"  {name:9s} {features:8s} {here.sum():5d} AUROC "
                  f"{measures.auroc(label, score):.3f} TPR at {', '.join(tpr)}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", default=paths.RUNS)
    parser.add_argument("--features", default="small/q5/clean")
    parser.add_argument("--crops", default="whole,face")
    parser.add_argument("--candidates", nargs="+", required=True)
    parser.add_argument("--val", action="store_true")
    args = parser.parse_args()
    rows = tables.load_table(args.runs, args.features.split(","), args.crops.split(","))
    rows, val = rows.take(rows.split != "val"), rows.take(rows.split == "val")
    fold, keep = tables.assign_folds(rows), rows.is_reliable()
    os.makedirs(os.path.join(args.runs, "held-out"), exist_ok=True)
    rotated = {}  # of the last candidate's crops and blocks
    for name in args.candidates:
        started, candidate = time.time(), Candidate(name)
        fit_on, key = candidate.usable(rows), name.rsplit(":", 2)[0]
        if key not in rotated:
            axes = candidate.fit_axes(rows.take(fit_on))
            rotated = {key: [candidate.rotate(part, axes) for part in (rows, val)]}
        z, z_val = rotated[key]
        saved = {"held_out": candidate.score_held_out(z, rows, fold)}
        print(f"{name} ({time.time() - started:.0f} s)", flush=True)
        report("held out", rows, saved["held_out"], keep & rows.face)
        if not candidate.needs_face:
            report("no face", rows, saved["held_out"], keep & ~rows.face)
        if args.val:
            saved["val"] = candidate.fit(z[fit_on], rows.take(fit_on))(z_val)
            report("val", val, saved["val"], val.face)
        file_name = f"{args.features}:{name}.npz".replace("/", "-")
        np.savez(os.path.join(args.runs, "held-out", file_name), **saved)


if __name__ == "__main__":
    main()
