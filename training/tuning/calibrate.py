"""Calibrate a tuned model: thresholds and early ways out, from what tune.py brought back.

    python -m tuning.calibrate --tuned FOLDER --parcels PARCELS --name synthetic-7

Weights of the crops' logits and every threshold come from photos whose group of sources the trunk
and the heads that scored them had not seen. Writes what lib/model_files.py describes, and the
rounded trunk as one file, RUNS/trunk/NAME.npz; of the folder `frozen` the heads only.
"""

import argparse
import collections
import json
import os

import numpy as np

from lib import calibration, heads, measures, model_files, paths, sources, trunk
from lib import table as tables
from tuning import cut_crops

BLOCKS, EXIT_BLOCK = [4, 6, 8, 10, 12], 4
ROUNDS = ["clean", "worn"]  # what rounds 0 and 1 are called; an original's second is `sent`


def read_heads(folder):
    """Reads heads as 09_export_heads.py takes them. Their axes are the features themselves: tune.py
    multiplied the rotation into the first layers."""
    with np.load(os.path.join(folder, "final-heads.npz")) as found:
        axes, fitted = {}, {}
        for name in ("face", "whole", "exit"):
            part = {k: found[f"{name}.{k}"] for k in ("a", "b", "c", "d", "mean", "deviation")}
            first = part["a"].astype(np.float32)
            axes[name] = heads.Axes(part["mean"], part["deviation"], first)
            fitted[name] = heads.Hidden(np.eye(first.shape[1], dtype=np.float32), part["b"],
                                        part["c"], float(part["d"][0]))
        axes["drawn"] = heads.Axes(axes["face"].mean, axes["face"].deviation,
                                   found["drawn.weights"].astype(np.float32)[:, None])
        fitted["drawn"] = heads.Linear(np.ones(1, np.float32), float(found["drawn.bias"]))
    return {"axes": axes, "heads": fitted}


def read_held_out(folder, parcels):
    """Reads a row for each photo and round that was scored: the table, its folds, the logits by
    head, and all photos that were sent."""
    with np.load(os.path.join(folder, "final-logits.npz")) as found:
        keys, fold, held_out, drawn = (found[k] for k in ("key", "fold", "held_out", "drawn"))
    known = {r["key"][:16]: r for r in cut_crops.read_rows(parcels)}
    rows = [known[k.decode()] for k in keys]
    parts, folds, logits = [], [], []
    for number, name in enumerate(ROUNDS):
        here = [i for i, r in enumerate(rows)
                if r["split"] != "val" and np.isfinite(held_out[i, number, 0])]
        originals = np.array([rows[i]["split"] == "originals" for i in here])
        pack = np.where(originals, "originals/", "small/")
        perturbation = np.where(originals & (number == 1), "sent", name)
        numbers = np.array([cut_crops.number_photo(rows[i]["key"]) for i in here])
        parts.append(cut_crops.make_table([rows[i] for i in here], numbers,
                                          np.char.add(pack, perturbation)))
        folds.append(fold[here])
        logits.append(np.concatenate([held_out[here, number], drawn[here, None]], 1))
    whole, face, early, drawn = np.concatenate(logits).T
    return (tables.Table.join(parts), np.concatenate(folds),
            {"whole": whole, "face": face, "exit": early, "drawn": drawn}, rows)


def find_split_copies(rows, fold):
    """Marks copies of one photo that went to several folds: heads have seen each of them."""
    places = collections.defaultdict(set)
    for identity, number in zip(rows.identity, fold):
        places[identity].add(number)
    return np.array([len(places[identity]) > 1 for identity in rows.identity])


def find_drawn_limit(rows, logit):
    """Finds the threshold of the head for drawings, and how many of held-out sources it finds."""
    drawing = rows.kind == "drawing"
    scored = rows.face & np.isfinite(logit) & np.char.endswith(rows.features, "clean")
    limit = measures.threshold_at(logit[scored & rows.is_photo()], calibration.DRAWN_RATE)
    found = logit[scored & drawing] > limit
    return {"logit": limit, "rate": calibration.DRAWN_RATE,
            "drawings": int((scored & drawing).sum()), "found": float(found.mean())}


def join_trunk(folder):
    """Reads the rounded trunk's parts."""
    out = {}
    for k in range(len([n for n in os.listdir(folder) if n.startswith("final-trunk-")])):
        with np.load(os.path.join(folder, f"final-trunk-{k}.npz")) as part:
            out |= {name: part[name] for name in part.files}
    for name in ("patch", "place"):
        out[name] = out[name].astype(np.float32)
    assert all(f"{trunk.DEPTH - 1}.{p}" in out for p in trunk.PARTS)
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", default=paths.RUNS)
    parser.add_argument("--tuned", required=True)
    parser.add_argument("--parcels", required=True)
    parser.add_argument("--name", required=True)
    args = parser.parse_args()
    rows, fold, logits, photos = read_held_out(args.tuned, args.parcels)
    keep = rows.is_reliable() & rows.face & np.isfinite(logits["face"])
    keep &= ~find_split_copies(rows, fold)
    scores, facts = calibration.calibrate(rows, logits, keep, BLOCKS, EXIT_BLOCK)
    with open(os.path.join(args.tuned, "final.json"), encoding="utf-8") as f:
        row_count = json.load(f)["rows"]
    trained = [r for r in photos if r["split"] != "val" and r["kind"] in tables.PHOTO_KINDS]
    facts |= {"drawn": find_drawn_limit(rows, logits["drawn"]), "data": {
        "photos": len(trained), "rows": row_count, "sources": len({r["source"] for r in trained}),
        "groups": len({sources.name_group(r) for r in trained}), "folds": tables.FOLDS}}
    model_files.write_model(args.runs, args.name, read_heads(args.tuned), facts)
    model_files.write_held_out(args.runs, args.name, rows, scores, logits)
    if os.path.exists(os.path.join(args.tuned, "final-trunk-0.npz")):
        trunk.write_weights(args.runs, args.name, join_trunk(args.tuned))
    print(json.dumps(facts, indent=1))


if __name__ == "__main__":
    main()
