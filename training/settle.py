"""A tuned model's calibration, thresholds and early ways out, from what tune.py brought back.

    settle.py --tuned FOLDER --parcels PARCELS --name synthetic-7

Weights of the crops' logits and every threshold come from photos whose group of sources the trunk
and the heads that scored them had not seen. Writes RUNS/heads/NAME.pkl and NAME.json, and
NAME-held-out.npz with every held-out logit; RUNS/trunk/NAME.npz, the rounded trunk in one file.
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
import pool
import table as tables
import train
import trunk

BLOCKS, EXIT = [4, 6, 8, 10, 12], 4
TURNS = ["clean", "worn"]


def kept_heads(folder):
    """Heads as export.py wants them. Their axes are the features themselves: tune.py multiplied the
    turn into the first layers."""
    with np.load(os.path.join(folder, "final-heads.npz")) as found:
        axes, made = {}, {}
        for name in ("face", "whole", "exit"):
            part = {k: found[f"{name}.{k}"] for k in ("a", "b", "c", "d", "mean", "deviation")}
            first = part["a"].astype(np.float32)
            axes[name] = heads.Axes(part["mean"], part["deviation"], first)
            made[name] = heads.Hidden(np.eye(first.shape[1], dtype=np.float32), part["b"],
                                      part["c"], float(part["d"][0]))
        axes["drawn"] = heads.Axes(axes["face"].mean, axes["face"].deviation,
                                   found["drawn.weights"].astype(np.float32)[:, None])
        made["drawn"] = heads.Linear(np.ones(1, np.float32), float(found["drawn.bias"]))
    return axes, made


def held_rows(folder, parcels):
    """A row per photo and history that was scored, its logits and the fold that it was held out in.
    The history of an original in turn 1 is another than that of the others (pool.py)."""
    with np.load(os.path.join(folder, "final-logits.npz")) as found:
        logits = {k: found[k] for k in found.files}
    known = {r["key"][:16]: r for r in pool.rows_of(parcels)}
    rows = [known[k.decode()] for k in logits["key"]]
    parts = []
    for turn, name in enumerate(TURNS):
        here = [i for i, r in enumerate(rows)
                if r["split"] != "val" and np.isfinite(logits["held"][i, turn, 0])]
        some = [rows[i] for i in here]
        column = lambda k: np.array([r[k] for r in some])  # noqa: E731
        size = np.where(column("split") == "originals", "originals", "small")
        history = np.char.add(np.char.add(size, "/"), np.where(
            (size == "originals") & (turn == 1), "sent", name))
        parts.append((tables.Table(
            label=column("label"), source=column("source"), generator=column("generator"),
            kind=column("kind"), group=np.array([tables.group_of(r) for r in some]),
            split=column("split"), face=np.array([bool(r["box"]) for r in some]),
            photo=np.array(here), history=history, x={}), logits["held"][here, turn],
            logits["drawn"][here]))
    names = [k for k in vars(parts[0][0]) if k != "x"]
    join = {k: np.concatenate([getattr(p[0], k) for p in parts]) for k in names}
    held = np.concatenate([p[1] for p in parts])
    named = {"whole": held[:, 0], "face": held[:, 1], "exit": held[:, 2],
             "drawn": np.concatenate([p[2] for p in parts])}
    return tables.Table(**join, x={}), named, rows


def drawn_limit(rows, logit):
    """The threshold of the head for drawings and how many of held-out sources it finds."""
    drawing = rows.kind == "drawing"
    seen = rows.face & np.isfinite(logit) & (np.char.endswith(rows.history, "clean"))
    limit = measures.threshold_at(logit[seen & train.photos_in(rows)], train.DRAWN_RATE)
    found = logit[seen & drawing] > limit
    return {"logit": limit, "rate": train.DRAWN_RATE, "drawings": int((seen & drawing).sum()),
            "found": float(found.mean())}


def trunk_file(folder, path):
    """The rounded trunk's parts in one file."""
    out = {}
    for k in range(len([n for n in os.listdir(folder) if n.startswith("final-trunk-")])):
        with np.load(os.path.join(folder, f"final-trunk-{k}.npz")) as part:
            out |= {name: part[name] for name in part.files}
    for name in ("patch", "place"):
        out[name] = out[name].astype(np.float32)
    assert all(f"{trunk.DEPTH - 1}.{p}" in out for p in trunk.PARTS)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    np.savez(path, **out)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", default=os.path.join(data.HERE, "runs"))
    parser.add_argument("--tuned", required=True)
    parser.add_argument("--parcels", required=True)
    parser.add_argument("--name", required=True)
    args = parser.parse_args()
    rows, logits, photos = held_rows(args.tuned, args.parcels)
    scored = tables.judged(rows) & rows.face & np.isfinite(logits["face"])
    weights, bias = train.calibrated([logits["face"], logits["whole"]], rows, scored)
    scores = heads.sigmoid(bias + weights[0] * logits["face"] + weights[1] * logits["whole"])
    thresholds, real, sources = train.thresholds_of(scores, rows, scored)
    limits = [next(t["score"] for t in thresholds if t["fpr"] == rate) for rate in (0.05, 0.01)]
    early, left = train.exit_of("exit", logits["exit"], scores, limits, rows, scored)
    alone, _ = train.exit_of("whole", logits["whole"], scores, limits, rows, scored, left)
    with open(os.path.join(args.tuned, "final.json"), encoding="utf-8") as f:
        seen = json.load(f)["rows"]
    fitted = [r for r in photos if r["split"] != "val" and r["kind"] in tables.PHOTO_KINDS]
    facts = {
        "trained": datetime.date.today().isoformat(), "blocks": BLOCKS, "weights": weights,
        "bias": bias, "thresholds": thresholds, "real_photos": real, "real_sources": sources,
        "drawn": drawn_limit(rows, logits["drawn"]), "exit": {"block": EXIT} | early,
        "whole_alone": alone, "rates": train.rates_of(scores, limits[1], rows, scored),
        "held_out": {h: measures.summary(rows.label[scored & (rows.history == h)],
                                         scores[scored & (rows.history == h)])
                     | {"tpr_05": measures.tpr_at(rows.label[scored & (rows.history == h)],
                                                  scores[scored & (rows.history == h)], 0.005)}
                     for h in dict.fromkeys(rows.history)},
        "data": {"photos": len(fitted), "rows": seen, "sources": len({r["source"] for r in fitted}),
                 "groups": len({tables.group_of(r) for r in fitted}), "folds": tables.FOLDS},
    }
    base = os.path.join(args.runs, "heads", args.name)
    os.makedirs(os.path.dirname(base), exist_ok=True)
    axes, made = kept_heads(args.tuned)
    with open(base + ".pkl", "wb") as f:
        pickle.dump({"axes": axes, "heads": made}, f)
    with open(base + ".json", "w", encoding="utf-8") as f:
        json.dump(facts, f, indent=1)
    columns = {k: v for k, v in vars(rows).items() if k != "x"}
    np.savez(base + "-held-out.npz", score=scores, **columns,
             **{f"{k}_logit": v for k, v in logits.items()})
    trunk_file(args.tuned, os.path.join(args.runs, "trunk", args.name + ".npz"))
    print(json.dumps(facts, indent=1))


if __name__ == "__main__":
    main()
