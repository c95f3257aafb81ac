"""Measure fitted heads on val, from computed features.

    07_measure_heads.py --name synthetic-6 --features small/q5/clean,originals/q5/clean

Nothing is chosen here. Prints the figures for each features' name, then counts over the 1 %
threshold by source, and what the two early ways out do; writes RUNS/heads/NAME-val.json. Photos
without a face are reported by the whole photo's logit alone.
"""

import argparse
import json

from lib import heads, measures, model_files, paths
from lib import table as tables

WITHOUT_FACE_MIN = 20  # photos


def score_rows(kept, facts, rows):
    """Returns the scores by both crops, of use for rows with a face, and each head's logits."""
    def score(name, crop, blocks):
        return kept["heads"][name](heads.find_axes(kept, name)(rows.flatten(crop, blocks)))

    blocks, weights = facts["blocks"], facts["weights"]
    logits = {"face": score("face", "face", blocks), "whole": score("whole", "whole", blocks),
              "drawn": score("drawn", "face", blocks),
              "exit": score("exit", "whole", [facts["exit"]["block"]])}
    logit = facts["bias"] + weights[0] * logits["face"] + weights[1] * logits["whole"]
    return heads.sigmoid(logit), logits


def apply_exits(scores, logits, facts):
    """Returns scores as the program does: by the exit, by the whole photo alone, or by both
    crops; and the shares of rows that leave by either way out."""
    out = scores.copy()
    by_exit = logits["exit"] <= facts["exit"]["logit_max"]
    by_whole = logits["whole"] <= facts["whole_alone"]["logit_max"]
    for name, key, leaves in (("whole", "whole_alone", by_whole), ("exit", "exit", by_exit)):
        weight, bias = facts[key]["weight"], facts[key]["bias"]
        out[leaves] = heads.sigmoid(bias + weight * logits[name][leaves])
    return out, by_exit, by_exit | by_whole


def summarise(label, score, limits):
    real, ai_made = score[label == 0], score[label == 1]
    area = measures.auroc(label, score)
    return {"real": len(real), "made": len(ai_made), "auroc": area,
            "auroc_least": measures.auroc_low(area, len(ai_made), len(real)),
            "tpr_1": measures.tpr_at(label, score, 0.01),
            "tpr_05": measures.tpr_at(label, score, 0.005),
            "fpr": {k: float((real >= v).mean()) for k, v in limits.items()},
            "tpr": {k: float((ai_made >= v).mean()) for k, v in limits.items()}}


def count_by_source(rows, score, limit):
    found = {}
    for label in (0, 1):
        for source in sorted(set(rows.source[rows.label == label])):
            here = (rows.label == label) & (rows.source == source)
            found[f"{label} {source}"] = f"{int((score[here] >= limit).sum())}/{int(here.sum())}"
    return found


def measure(kept, facts, rows):
    """Measures one table of val's rows."""
    limits = {str(t["fpr"]): t["score"] for t in facts["thresholds"]}
    scores, logits = score_rows(kept, facts, rows)
    final, by_exit, without_face = apply_exits(scores, logits, facts)
    face = rows.face & (logits["drawn"] < facts["drawn"]["logit"])
    real = face & (rows.label == 0)
    found = {"no_exit": summarise(rows.label[face], scores[face], limits),
             "cascade": summarise(rows.label[face], final[face], limits),
             "ways": {"real_by_exit": float(by_exit[real].mean()),
                      "real_without_face": float(without_face[real].mean())},
             "drawn": f"{int((rows.face & ~face).sum())}/{int(rows.face.sum())}"}
    bare = ~rows.face
    if bare.sum() > WITHOUT_FACE_MIN:
        alone = facts["whole_alone"]
        score = heads.sigmoid(alone["bias"] + alone["weight"] * logits["whole"][bare])
        found["no_face"] = summarise(rows.label[bare], score, limits)
    return found, count_by_source(rows.take(face), final[face], limits["0.01"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", default=paths.RUNS)
    parser.add_argument("--name", required=True)
    parser.add_argument("--features", default="small/q5/clean")
    args = parser.parse_args()
    kept, facts = model_files.read_model(args.runs, args.name)
    found = {}
    for features in args.features.split(","):
        rows = tables.load_table(args.runs, [features])
        figures, counts = measure(kept, facts, rows.take(rows.split == "val"))
        found[features] = figures | {"sources": counts}
        print(features, json.dumps(figures, indent=1), flush=True)
        print(json.dumps(counts), flush=True)
    path = model_files.locate_model(args.runs, args.name) + "-val.json"
    with open(path, "w", encoding="utf-8") as f:
        json.dump(found, f, indent=1)


if __name__ == "__main__":
    main()
