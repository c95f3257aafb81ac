"""Figures of several models on a cached set: faster than evaluate.py, and nearly the same.

    measure_set.py --set fixed-originals-val --names synthetic-1,synthetic-2

Takes the pooled features of the set and the heads and thresholds under RUNS/heads. The face was
found once, in the photo before its life; all the rest is what the exported network computes.
"""

import argparse
import json
import os

import numpy as np

import data
import evaluate
import export
import heads


def rows_of(args, name):
    base = os.path.join(args.runs, "heads", name)
    with open(base + ".json", encoding="utf-8") as f:
        facts = json.load(f)
    table = heads.load_set(args.runs, args.set, facts.get("trunks", ["thin"]), [0, 1])
    logits = heads.logits_of(export.load_heads(base + ".pt"), table).sum(1)
    scores = 1 / (1 + np.exp(-(facts["weight"] * logits + facts["bias"])))
    keys = ("path", "label", "source", "generator", "life")
    rows = [dict(zip(keys, v)) | {"state": "evaluated", "score": float(s)}
            for v, s in zip(zip(*(table[k] for k in keys)), scores)]
    return rows, facts


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    data.add_arguments(parser)
    parser.add_argument("--set", required=True)
    parser.add_argument("--names", required=True)
    args = parser.parse_args()
    for name in args.names.split(","):
        rows, facts = rows_of(args, name)
        print(f"\n{name}\n")
        evaluate.tables(rows, list(dict.fromkeys(r["life"] for r in rows)), facts["thresholds"])


if __name__ == "__main__":
    main()
