"""Figures of trained heads on val, from cached features.

    measure.py --name synthetic-6 --histories small/q5/clean,originals/q5/clean

Nothing is chosen here. Prints a row per history, then shares over the 1 % threshold per source,
and what the two early ways out do; writes RUNS/heads/NAME-val.json. Photos without a face are
reported by the whole photo's logit alone.
"""

import argparse
import json
import math
import os
import pickle


import data
import heads
import measures
import table as tables
import train


def scored(kept, facts, rows):
    """Scores of rows with a face, and each head's logits."""
    logits = {}
    for crop in ("face", "whole"):
        logits[crop] = kept["heads"][crop](kept["axes"][crop](
            train.flat(rows, crop, facts["blocks"])))
    logits["drawn"] = kept["heads"]["drawn"](heads.axes_of(kept, "drawn")(
        train.flat(rows, "face", facts["blocks"])))
    logits["exit"] = kept["heads"]["exit"](kept["axes"]["exit"](
        train.flat(rows, "whole", [facts["exit"]["block"]])))
    weights = facts["weights"]
    logit = facts["bias"] + weights[0] * logits["face"] + weights[1] * logits["whole"]
    return heads.sigmoid(logit), logits


def cascaded(scores, logits, facts):
    """Scores as the program gives them: by the exit, by the whole alone, or by both crops."""
    out = scores.copy()
    for name, key in (("whole", "whole_alone"), ("exit", "exit")):
        way, logit = facts[key], logits[name]
        leave = logit <= way["logit_max"]
        out[leave] = heads.sigmoid(way["bias"] + way["weight"] * logit[leave])
    return out


def least(area, positives, negatives):
    """Lower end of the 95 % interval of an AUROC (Hanley and McNeil, 1982)."""
    q1, q2 = area / (2 - area), 2 * area * area / (1 + area)
    variance = (area * (1 - area) + (positives - 1) * (q1 - area * area)
                + (negatives - 1) * (q2 - area * area)) / (positives * negatives)
    return area - 1.96 * math.sqrt(variance)


def row_of(label, score, limits):
    real, made = score[label == 0], score[label == 1]
    return {"real": len(real), "made": len(made), "auroc": measures.auroc(label, score),
            "auroc_least": least(measures.auroc(label, score), len(made), len(real)),
            "tpr_1": measures.tpr_at(label, score, 0.01),
            "tpr_05": measures.tpr_at(label, score, 0.005),
            "fpr": {k: float((real >= v).mean()) for k, v in limits.items()},
            "tpr": {k: float((made >= v).mean()) for k, v in limits.items()}}


def by_source(rows, score, limit):
    found = {}
    for label in (0, 1):
        for source in sorted(set(rows.source[rows.label == label])):
            here = (rows.label == label) & (rows.source == source)
            found[f"{label} {source}"] = f"{int((score[here] >= limit).sum())}/{int(here.sum())}"
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", default=os.path.join(data.HERE, "runs"))
    parser.add_argument("--name", required=True)
    parser.add_argument("--histories", default="small/q5/clean")
    args = parser.parse_args()
    base = os.path.join(args.runs, "heads", args.name)
    with open(base + ".pkl", "rb") as f:
        kept = pickle.load(f)
    with open(base + ".json", encoding="utf-8") as f:
        facts = json.load(f)
    limits = {str(t["fpr"]): t["score"] for t in facts["thresholds"]}
    found = {}
    for history in args.histories.split(","):
        rows = tables.load(args.runs, [history], tables.BLOCKS)
        rows = rows.take(rows.split == "val")
        scores, logits = scored(kept, facts, rows)
        final = cascaded(scores, logits, facts)
        face = rows.face & (logits["drawn"] < facts["drawn"]["logit"])
        real = rows.label[face] == 0
        way = {"real_by_exit": float((logits["exit"][face][real]
                                      <= facts["exit"]["logit_max"]).mean()),
               "real_without_face": float(
                   ((logits["exit"] <= facts["exit"]["logit_max"])
                    | (logits["whole"] <= facts["whole_alone"]["logit_max"]))[face][real].mean())}
        found[history] = {
            "no_exit": row_of(rows.label[face], scores[face], limits),
            "cascade": row_of(rows.label[face], final[face], limits), "ways": way,
            "drawn": f"{int((rows.face & ~face).sum())}/{int(rows.face.sum())}",
            "sources": by_source(rows.take(face), final[face], limits["0.01"])}
        if (~rows.face).sum() > 20:
            bare = ~rows.face
            found[history]["no_face"] = row_of(rows.label[bare], heads.sigmoid(
                facts["whole_alone"]["bias"]
                + facts["whole_alone"]["weight"] * logits["whole"][bare]), limits)
        short = {k: v for k, v in found[history].items() if k != "sources"}
        print(history, json.dumps(short, indent=1), flush=True)
        print(json.dumps(found[history]["sources"]), flush=True)
    with open(base + "-val.json", "w", encoding="utf-8") as f:
        json.dump(found, f, indent=1)


if __name__ == "__main__":
    main()
