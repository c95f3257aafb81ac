"""Which features, looks and heads generalise: every variant on the same folds of train sources.

    compare.py --train lives-originals-train,lives-pack-train --variants thin:0,1:linear:3e-3 …

A variant is TRUNKS:LOOKS:HEAD:STRENGTH[:POWER[:EVEN]]: trunks joined by +, HEAD linear (strength =
L2) or mlpN (strength = weight decay), POWER how much a source's size counts, EVEN how much the mean
logits of sources of one class must agree (linear only). Each fold trains on the
other folds and is scored on its held-out sources; the table gives pooled held-out figures and,
for report only, those of the given val sets.
"""

import argparse
import hashlib
import json
import os
import time

import numpy as np

import data
import heads
import measures


def parse(text):
    trunks, looks, kind, strength, *power = text.split(":")
    return {"text": text, "trunks": trunks.split("+"), "looks": [int(v) for v in looks.split(",")],
            "kind": kind, "strength": float(strength),
            "power": float(power[0]) if power else 0.3,
            "even": float(power[1]) if len(power) > 1 else 0.0}


def load(args, variant, text):
    """A set by its name; NAME@N takes its first N lives.

    The same photo has another name in each pack, so dealt sources come from the originals only.
    """
    name, _, most = text.partition("@")
    table = heads.load_set(args.runs, name, variant["trunks"], variant["looks"],
                           int(most) if most else args.most_lives)
    if "-pack-" in name:
        table = heads.subset(table, ~np.isin(table["group"], sorted(data.DEALT)))
    return table


def fit(variant, table):
    if variant["kind"] == "linear":
        return heads.fit_linear(table, variant["strength"], variant["power"],
                                even=variant["even"])
    hidden, _, seeds = variant["kind"][3:].partition("x")
    return heads.fit_mlp(table, int(hidden), int(seeds or 1), decay=variant["strength"],
                         power=variant["power"])


def fold_numbers(table, count=data.FOLDS):
    """Fold of each row, from all photos of train whichever set they are in."""
    seen = sorted({(g, l) for g, l in zip(table["group"], table["label"])})
    sizes = {s: len(set(table["path"][(table["group"] == s[0]) & (table["label"] == s[1])]))
             for s in seen}
    photos = [data.Photo("", "", int(l), g, "") for (g, l), n in sizes.items() for _ in range(n)]
    fold = data.folds_of(photos, count)
    return np.array([
        int(hashlib.sha1(p.encode()).hexdigest(), 16) % count if g in data.DEALT else fold[g]
        for g, p in zip(table["group"], table["path"])])


def held_out(variant, table, fold):
    """Summed raw logits of every row from heads that saw none of its group."""
    out = np.zeros(len(fold))
    for k in range(data.FOLDS):
        found = fit(variant, heads.subset(table, fold != k))
        out[fold == k] = heads.logits_of(found, heads.subset(table, fold == k)).sum(1)
    return out


def source_auroc(table, scores):
    """AUROC with every source and generator weighing the same within its class."""
    return measures.auroc(table["label"], scores, heads.row_weights(table, 0.0))


def line(name, table, scores):
    labels = table["label"]
    return {"set": name, "rows": len(labels), "auroc": measures.auroc(labels, scores),
            "by_source": source_auroc(table, scores), "tpr_1": measures.tpr_at(labels, scores, .01),
            "tpr_5": measures.tpr_at(labels, scores, .05)}


def show(text, rows, seconds):
    print(f"\n{text}  ({seconds:.0f} s)")
    for r in rows:
        print(f"  {r['set']:34} n={r['rows']:6} auroc {r['auroc']:.4f} by source "
              f"{r['by_source']:.4f} tpr@1% {r['tpr_1']:.3f} tpr@5% {r['tpr_5']:.3f}", flush=True)


def run(variant, args):
    started = time.time()
    names = args.train.split(",")
    table = heads.join([load(args, variant, n) for n in names])
    names = [n.partition("@")[0] for n in names]
    fold = fold_numbers(table)
    scores = held_out(variant, table, fold)
    rows = []
    for name in names:
        here = table["set"] == name
        if len(set(table["label"][here])) < 2:  # a set of one class ranks nothing
            continue
        rows.append(line("held out " + name, heads.subset(table, here), scores[here]))
    if args.val:
        found = fit(variant, table)
        for name in args.val.split(","):
            val = heads.load_set(args.runs, name, variant["trunks"], variant["looks"])
            logit = heads.logits_of(found, val).sum(1)
            for life in dict.fromkeys(val["life"]):
                here = val["life"] == life
                rows.append(line(f"{name} {life}", heads.subset(val, here), logit[here]))
    show(variant["text"], rows, time.time() - started)
    with open(os.path.join(args.runs, "compare.jsonl"), "a", encoding="utf-8") as f:
        f.write(json.dumps({"variant": variant["text"], "train": names, "rows": rows}) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    data.add_arguments(parser)
    parser.add_argument("--train", required=True)
    parser.add_argument("--val", default="")
    parser.add_argument("--most-lives", type=int)
    parser.add_argument("--variants", nargs="+", required=True)
    args = parser.parse_args()
    for text in args.variants:
        run(parse(text), args)


if __name__ == "__main__":
    main()
