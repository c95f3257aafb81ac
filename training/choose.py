"""Variants of heads against each other, on folds of groups of sources of train and `more`.

    choose.py --histories small/q5/clean --variants whole+face:4+8+12:linear:0.1 ...

A variant is CROPS:BLOCKS:linear:STRENGTH or CROPS:BLOCKS:hidden:OPTION=VALUE,…; crops joined by +
are one head on the features of all. Held-out photos are scored by heads that saw none of their
group; printed are figures per history over photos that every variant can score. --val adds val's,
which nothing may be chosen by.
"""

import argparse
import os
import time

import numpy as np

import data
import heads
import measures
import table as tables

AXES = 1024


class Variant:
    """What is between the colons of a variant's name."""

    def __init__(self, spec):
        crops, blocks, self.kind, options = spec.split(":")
        self.crops, self.blocks = crops.split("+"), [int(b) for b in blocks.split("+")]
        self.options, self.strength = {}, None
        if self.kind == "linear":
            self.strength = float(options)
        for option in options.split(",") if self.kind == "hidden" and options else []:
            key, value = option.split("=")
            self.options[key] = float(value) if "." in value else int(value)

    def flat(self, rows, crop):
        at = [tables.BLOCKS.index(b) for b in self.blocks]
        return rows.x[crop][:, at].reshape(len(rows.label), -1)

    def axes(self, rows, count=AXES):
        """Main axes of each crop's features; labels have no part in them."""
        return {c: heads.Axes.of(self.flat(rows, c), count) for c in self.crops}

    def turned(self, rows, axes):
        return np.concatenate([axes[c](self.flat(rows, c)) for c in self.crops], 1)

    def fit(self, z, rows):
        """A function from turned features to logits."""
        weight = tables.weights_of(rows)
        if self.kind == "linear":
            return heads.fit_linear(z, rows.label, weight, self.strength)
        options = dict(self.options)
        if options.get("pull"):
            options["twin"] = twins_of(rows)
        return heads.fit_hidden(z, rows.label, weight, **options)


def twins_of(rows):
    """For each row another row of the same photo, or itself."""
    places = {}
    for at, photo in enumerate(rows.photo):
        places.setdefault(photo, []).append(at)
    twin = np.arange(len(rows.photo))
    for some in places.values():
        twin[some] = np.roll(some, 1)
    return twin


def held_out(variant, z, rows, fold, need_face):
    """Logits of rows by heads that did not see their fold; nan where not scored."""
    logits = np.full(len(rows.label), np.nan)
    fit = np.isin(rows.kind, tables.PHOTO_KINDS) & (rows.face | (not need_face))
    for k in range(tables.FOLDS):
        there, here = np.flatnonzero(fit & (fold != k)), np.flatnonzero(fold == k)
        here = here[rows.face[here]] if need_face else here
        logits[here] = variant.fit(z[there], rows.take(there))(z[here])
    return logits


def line(label, score):
    return (f"AUROC {measures.auroc(label, score):.3f} TPR at 1 % "
            f"{measures.tpr_at(label, score, 0.01):.3f} 0.5 % "
            f"{measures.tpr_at(label, score, 0.005):.3f} 5 % "
            f"{measures.tpr_at(label, score, 0.05):.3f}")


def report(name, rows, logits, keep):
    for history in dict.fromkeys(rows.history):
        here = keep & (rows.history == history) & ~np.isnan(logits)
        if here.any():
            print(f"  {name:9s} {history:8s} {here.sum():5d} "
                  f"{line(rows.label[here], logits[here])}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", default=os.path.join(data.HERE, "runs"))
    parser.add_argument("--histories", default="small/q5/clean")
    parser.add_argument("--crops", default="whole,face")
    parser.add_argument("--variants", nargs="+", required=True)
    parser.add_argument("--val", action="store_true")
    args = parser.parse_args()
    rows = tables.load(args.runs, args.histories.split(","), tables.BLOCKS,
                       args.crops.split(","))
    seen, val = rows.take(rows.split != "val"), rows.take(rows.split == "val")
    fold, keep = tables.folds_of(seen), tables.judged(seen)
    os.makedirs(os.path.join(args.runs, "held-out"), exist_ok=True)
    known = {}
    for spec in args.variants:
        started, variant = time.time(), Variant(spec)
        need_face = "face" in variant.crops
        fit = np.isin(seen.kind, tables.PHOTO_KINDS) & (seen.face | (not need_face))
        key = spec.rsplit(":", 2)[0]
        if key not in known:
            axes = variant.axes(seen.take(fit))
            known = {key: [variant.turned(part, axes) for part in (seen, val)]}
        z, z_val = known[key]
        logits = held_out(variant, z, seen, fold, need_face)
        print(f"{spec} ({time.time() - started:.0f} s)", flush=True)
        report("held out", seen, logits, keep & seen.face)
        if not need_face:
            report("no face", seen, logits, keep & ~seen.face)
        saved = {"held": logits}
        if args.val:
            saved["val"] = variant.fit(z[fit], seen.take(fit))(z_val)
            report("val", val, saved["val"], val.face)
        name = f"{args.histories}:{spec}.npz".replace("/", "-")
        np.savez(os.path.join(args.runs, "held-out", name), **saved)


if __name__ == "__main__":
    main()
