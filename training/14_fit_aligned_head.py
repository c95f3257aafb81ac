"""Fit the head for faces that sit as FFHQ's do, and add it to a model's heads: a new model.

    14_fit_aligned_head.py --model ../models/synthetic-7 --name synthetic-8

Reads what 13_compute_aligned.py wrote. The head is linear and reads the whole photo; its logit is
calibrated so that `unsure` and `suspect` of models/thresholds.toml fall on shares of FFHQ's photos
that heads which had not learned from them gave. Writes MODELS/NAME/{heads.onnx,model.toml} beside a
copy of the rest, and RUNS/aligned/figures.json. Then 10_pin_reference.py.
"""

import argparse
import collections
import glob
import hashlib
import json
import os
import re
import shutil
import tomllib

import numpy as np
import onnx
from onnx import numpy_helper

from lib import alignment, graph, heads, heads_graph, paths, trunk
from lib.sources import name_group

BLOCKS = [4, 6, 8, 10, 12]
AXES, STRENGTH, FOLDS, SEED = 1400, 0.01, 5, "3"
FFHQ, FFHQ_WEIGHT = "realorfake_ffhq", 3.0
# Shares of FFHQ's held-out versions that reach `unsure` and `suspect`. Of other cameras' photos one
# in four hundred sits like FFHQ's at all, so overall they cost a hundredth of that.
SHARES = {"unsure": 0.10, "suspect": 0.03}


def read_table(runs):
    """Reads every row that was computed, and the features of those that have a square."""
    rows, parts = [], []
    for path in sorted(glob.glob(os.path.join(runs, "aligned", "?.npz"))):
        with np.load(path) as found:
            rows += [json.loads(text) for text in found["rows"]]
            x = found["x"].reshape(-1, trunk.DEPTH, 3 * trunk.WIDTH)
            parts.append(x[:, [b - 1 for b in BLOCKS]].reshape(len(x), -1))
    return rows, np.concatenate(parts)


def choose_fold(row):
    """FFHQ is one source: its photos are split; all others are split by group."""
    key = row["path"] if row["source"] == FFHQ else SEED + name_group(row)
    return int(hashlib.sha1(key.encode()).hexdigest()[:8], 16) % FOLDS


def weigh(rows):
    """Sources weigh by the root of their size, FFHQ more; both classes the same."""
    counts = collections.Counter(r["source"] for r in rows)
    weight = np.array([counts[r["source"]] ** -0.5 * (FFHQ_WEIGHT if r["source"] == FFHQ else 1)
                       for r in rows])
    label = np.array([r["label"] for r in rows])
    for value in (0, 1):
        weight[label == value] *= 0.5 / weight[label == value].sum()
    return weight


def fit(rows, x):
    axes = heads.Axes.fit(x, AXES)
    label = np.array([r["label"] for r in rows])
    return axes, heads.fit_linear(axes(x), label, weigh(rows), STRENGTH)


def score_held_out(rows, x):
    """Returns logits by heads that had not learned from the row's fold; of val by the final one,
    which comes with them."""
    fold = np.array([-1 if r["split"].startswith("val") else choose_fold(r) for r in rows])
    logits = np.full(len(rows), np.nan)
    for k in range(FOLDS):
        on, here = np.flatnonzero((fold >= 0) & (fold != k)), np.flatnonzero(fold == k)
        axes, head = fit([rows[i] for i in on], x[on])
        logits[here] = head(axes(x[here]))
    on, here = np.flatnonzero(fold >= 0), np.flatnonzero(fold < 0)
    axes, head = fit([rows[i] for i in on], x[on])
    logits[here] = head(axes(x[here]))
    return logits, axes, head


def calibrate(logits, scores):
    """Returns weight and bias that bring the quantiles of FFHQ's logits to the scores."""
    goal = {k: np.log(v / (1 - v)) for k, v in scores.items()}
    at = {k: np.quantile(logits, 1 - share) for k, share in SHARES.items()}
    weight = (goal["suspect"] - goal["unsure"]) / (at["suspect"] - at["unsure"])
    return float(weight), float(goal["suspect"] - weight * at["suspect"])


def add_head(path, axes, head):
    """Adds a column to a file of heads: its number, and the new file's bytes."""
    model = onnx.load(path)
    last = next(n for n in model.graph.node if "logits" in n.output)
    column, pooled = len(last.input), next(n for n in model.graph.node if n.op_type == "Reshape")
    added = graph.Graph()
    logit = heads_graph.HeadNodes(added, axes, head).add_logit(pooled.output[0])
    names = {name: f"aligned_{name}" for node in added.nodes for name in node.output}
    names |= {name: f"aligned_{name}" for name in added.constants}
    for node in added.nodes:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names[name] for name in node.output]
    model.graph.initializer.extend(numpy_helper.from_array(v, names[k])
                                   for k, v in added.constants.items())
    place = list(model.graph.node).index(last)
    for node in reversed(added.nodes):
        model.graph.node.insert(place, node)
    last = next(n for n in model.graph.node if "logits" in n.output)
    last.input.append(names[logit])
    model.graph.output[0].type.tensor_type.shape.dim[1].dim_value = column + 1
    onnx.checker.check_model(model)
    return column, model.SerializeToString()


def format_section(column, weight, bias, figures):
    limits = "\n".join(f"{k} = {v}" for k, v in alignment.LIMITS.items())
    return f"""\
# Where the face sits as FFHQ's do, and networks' that learned from FFHQ, this head of the whole photo
# counts if it says more than the others together: the score is sigmoid(bias + weight * logit). Of
# {figures['other_photos']} other cameras' photos {figures['other_aligned']} sit like this. Of FFHQ's held-out photos \
{SHARES['suspect']:.0%} reach
# `suspect` by it.
[aligned]
head = {column}
weight = {weight:.6g}
bias = {bias:.6g}

# From the photo's middle to the template's, in sides of the photo; logarithm of its side by the
# photo's; turn in radians; logarithm of width by height.
[aligned.limits]
{limits}

"""


def describe(rows, logits, weight, bias, scores):
    """What was measured: shares over each threshold, by source."""
    calibrated = heads.sigmoid(bias + weight * logits)
    shares = {}
    for key in sorted({(r["split"], r["source"], r["version"] if r["split"] == "val" else 0)
                       for r in rows}):
        here = [i for i, r in enumerate(rows) if (r["split"], r["source"]) == key[:2]
                and (r["split"] != "val" or r["version"] == key[2])]
        some = calibrated[here]
        shares["/".join(map(str, key))] = {
            "label": rows[here[0]]["label"], "count": len(here),
            **{k: round(float((some >= v).mean()), 4) for k, v in scores.items()}}
    return shares


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", default=paths.RUNS)
    parser.add_argument("--models", default=paths.MODELS)
    parser.add_argument("--model", required=True, help="folder of the model that gets the head")
    parser.add_argument("--name", required=True)
    args = parser.parse_args()
    with open(os.path.join(args.models, "thresholds.toml"), "rb") as f:
        thresholds = tomllib.load(f)["synthetic_face"]
    scores = {k: thresholds[k]["score"] for k in ("unsure", "suspect", "fake")}
    everything, x = read_table(args.runs)
    rows = [r for r in everything if r["version"] is not None]
    logits, axes, head = score_held_out(rows, x)
    real = np.array([r["source"] == FFHQ and not r["split"].startswith("val") for r in rows])
    weight, bias = calibrate(logits[real], scores)
    others = {r["path"]: bool(r["aligned"]) for r in everything
              if not r["label"] and r["source"] != FFHQ and "aligned" in r}
    figures = {"other_photos": len(others), "other_aligned": sum(others.values()),
               "weight": weight, "bias": bias, "rows": len(rows),
               "shares": describe(rows, logits, weight, bias, scores)}
    with open(os.path.join(args.runs, "aligned", "figures.json"), "w", encoding="utf-8") as f:
        json.dump(figures, f, indent=1)
    folder = os.path.join(args.models, args.name)
    shutil.copytree(args.model, folder, dirs_exist_ok=True)
    column, model = add_head(os.path.join(args.model, "heads.onnx"), axes, head)
    with open(os.path.join(folder, "heads.onnx"), "wb") as f:
        f.write(model)
    with open(os.path.join(args.model, "model.toml"), encoding="utf-8") as f:
        text = f.read()
    text = re.sub(r'^name = .*', f'name = "{args.name}"', text, count=1, flags=re.M)
    text = re.sub(r'^sha256 = .*', f'sha256 = "{hashlib.sha256(model).hexdigest()}"', text, count=1,
                  flags=re.M)
    section = format_section(column, weight, bias, figures)
    text = text.replace("# Of 6283 real photos", section + "# Of 6283 real photos", 1)
    assert section in text
    with open(os.path.join(folder, "model.toml"), "w", encoding="utf-8") as f:
        f.write(text)
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
