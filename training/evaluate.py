"""What a model scores on labelled photos, over the whole path the program takes.

    evaluate.py --model ../models/synthetic-1 --pack pack --split val --lives clean,160px-j40

Decode, find the face, cut the looks, run the network, calibrate. The life is given to the photo
before the face is looked for. Prints tables in Markdown and keeps the scores as JSON lines.
"""

import argparse
import datetime
import json
import os
import sys
import tomllib
from concurrent.futures import ProcessPoolExecutor

import numpy as np

import data
import features
import lives
import looks
import measures

sys.path.insert(0, os.path.join(data.HERE, "faces"))
LOADED = {}


def load(folder):
    """The model's settings and session, once a process."""
    if folder not in LOADED:
        with open(os.path.join(folder, "model.toml"), "rb") as f:
            settings = tomllib.load(f)
        LOADED[folder] = settings, features.session_of(os.path.join(folder, "model.onnx"), 1)
    return LOADED[folder]


def find_box(image):
    """The foremost face as (x, y, w, h) in pixels, or None."""
    import face_boxes

    w, h = image.size
    found = face_boxes.detect_judged(image)
    return (found[0].x * w, found[0].y * h, found[0].w * w, found[0].h * h) if found else None


def score(folder, image, box):
    """Raw logit of each look (None where it can't be cut) and the calibrated score."""
    settings, session = load(folder)
    side = settings["input"]["side"]
    mean = np.array(settings["input"]["mean"], np.float32)[:, None, None] * 255
    std = np.array(settings["input"]["std"], np.float32)[:, None, None] * 255
    logits, total = [], settings["calibration"]["bias"]
    for look in settings["look"]:
        square = looks.square_of(look, *image.size, box, side)
        if square is None:
            logits.append(None)
            continue
        halve = settings.get("halve_colours", False)
        pixels = np.asarray(looks.cut(image, square, side, halve))[None]
        raw = session.run(None, {"photo": features.normalised(pixels, mean, std)})[0][0]
        logits.append(float(raw[look["head"]]))
        total += look["weight"] * logits[-1]
    return logits, float(1 / (1 + np.exp(-total)))


def several(task):
    """One photo in one life: a row for each of the models, which see the same pixels and face."""
    folders, photo, life = task
    row = {"path": photo.path, "label": photo.label, "source": photo.source,
           "generator": photo.generator, "life": life}
    try:
        decoded = data.open_photo(os.path.join(photo.root, photo.path))
        image, _ = lives.fixed_life(life, decoded, None)
        box = find_box(image)
        if box is None:
            return [row | {"state": "not_applicable"} for _ in folders]
        row |= {"state": "evaluated", "box": [round(v, 3) for v in box]}
        scores = [score(folder, image, box) for folder in folders]
        return [row | {"logits": logits, "score": value} for logits, value in scores]
    except Exception as error:  # noqa: BLE001
        return [row | {"state": "unable_to_evaluate", "error": str(error)} for _ in folders]


def one(task):
    folder, photo, life = task
    return several(([folder], photo, life))[0]


def markdown(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    lines += ["| " + " | ".join(f"{v:.3f}" if isinstance(v, float) else str(v) for v in r) + " |"
              for r in rows]
    return "\n".join(lines)


def overall(rows, life):
    here = [r for r in rows if r["life"] == life]
    done = [r for r in here if r["state"] == "evaluated"]
    s = measures.summary([r["label"] for r in done], [r["score"] for r in done])
    away = 1 - len(done) / len(here)
    return [life, s["photos"], away, s["auroc"], s["ap"], s["balanced"], s["tpr_1"], s["tpr_5"],
            s["ece"]]


def at_thresholds(rows, life, thresholds):
    """What the shipped thresholds cost and catch."""
    done = [r for r in rows if r["life"] == life and r["state"] == "evaluated"]
    out = []
    for t in thresholds:
        over = {label: np.mean([r["score"] > t["score"] for r in done if r["label"] == label])
                for label in (0, 1)}
        out.append([life, str(t["fpr"]), float(t["score"]), float(over[0]), float(over[1])])
    return out


def per_source(rows, lives_named, threshold):
    """Share over the threshold of each real source and each generator, one column a life."""
    keys = sorted({(r["label"], r["source"], r["generator"] if r["label"] else "") for r in rows})
    table = []
    for label, source, generator in keys:
        line = ["AI" if label else "real", source, generator]
        for life in lives_named:
            here = [r for r in rows if r["life"] == life and r["source"] == source
                    and r["label"] == label and (not label or r["generator"] == generator)]
            done = [r["score"] > threshold for r in here if r["state"] == "evaluated"]
            line += [f"{sum(done)}/{len(done)}"]
        table.append(line)
    return table


def tables(rows, named, thresholds):
    print(markdown(["life", "photos", "abstained", "AUROC", "AP", "balanced accuracy at 0.5",
                    "TPR at 1 % FPR", "TPR at 5 % FPR", "ECE"], [overall(rows, v) for v in named]))
    print()
    print(markdown(["life", "threshold for FPR", "score", "FPR here", "TPR here"],
                   [r for v in named for r in at_thresholds(rows, v, thresholds)]))
    print()
    (cut,) = [t["score"] for t in thresholds if t["fpr"] == 0.01]
    print(markdown(["class", "source", "generator"] + [f"over 1 % threshold, {v}" for v in named],
                   per_source(rows, named, cut)))


def record(path, rows, named, args):
    """One sentence a life, which export.py copies into model.toml."""
    found = {"date": datetime.date.today().isoformat(),
             "command": f"evaluate.py --pack {args.pack} --split {args.split} "
                        f"--lives {args.lives}" + (f" --most {args.most}" if args.most else "")}
    found = {f"{args.pack}_{args.split}_{k}": v for k, v in found.items()}
    for life in named:
        _, n, away, auroc, ap, balanced, tpr_1, tpr_5, ece = overall(rows, life)
        found[f"{args.pack}_{args.split}_{life}"] = (
            f"{n} photos, {away:.1%} abstained, AUROC {auroc:.3f}, AP {ap:.3f}, balanced accuracy "
            f"{balanced:.3f}, TPR {tpr_1:.3f} at 1 % FPR, {tpr_5:.3f} at 5 %, ECE {ece:.3f}")
    with open(path, "w", encoding="utf-8") as f:
        json.dump(found, f, indent=1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    data.add_arguments(parser)
    parser.set_defaults(split="val")
    parser.add_argument("--model", required=True, help="folder; several by comma")
    parser.add_argument("--lives", default="clean")
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    named, folders = args.lives.split(","), args.model.split(",")
    tasks = [(folders, p, life) for p in data.photos_of(args) for life in named]
    with ProcessPoolExecutor(args.workers) as pool:
        rows = list(pool.map(several, tasks, chunksize=16))
    for folder, found in zip(folders, zip(*rows)):
        report(folder, found, named, args)


def report(model, rows, named, args):
    settings, _ = load(model)
    print(f"\n{settings['name']}\n")
    folder = os.path.join(args.runs, "scores")
    os.makedirs(folder, exist_ok=True)
    tag = f"{settings['name']}-{args.pack}-{args.split}"
    with open(os.path.join(folder, tag + ".jsonl"), "w", encoding="utf-8") as f:
        f.writelines(json.dumps(r) + "\n" for r in rows)
    record(os.path.join(folder, tag + ".json"), rows, named, args)
    tables(rows, named, settings["threshold"])


if __name__ == "__main__":
    main()
