"""Photos with their boxes, logits and score from Python, for the program's tests to agree with.

    reference.py --model ../models/synthetic-1 --count 20
"""

import argparse
import json
import os

import numpy as np
from PIL import Image

import data
import evaluate

FIXTURE = "photos/real-collins.png"


def same_input(model):
    """Logits of a cut that needs no resizing, so that nothing but the network can differ."""
    facts, session = evaluate.load(model)
    side = facts["input"]["side"]
    box = [112, 0, side, side]
    with Image.open(os.path.join(data.HERE, "..", "fixtures", FIXTURE)) as image:
        cut = image.convert("RGB").crop((box[0], box[1], box[0] + side, box[1] + side))
    pixels = np.asarray(cut, np.float32) / np.float32(255)
    mean, std = (np.array(facts["input"][k], np.float32) for k in ("mean", "std"))
    values = ((pixels - mean) / std).transpose(2, 0, 1)[None]
    logits = session.run(["logits"], {"photo": values})[0][0]
    return {"fixture": FIXTURE, "box": box, "logits": [float(v) for v in logits]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    data.add_arguments(parser)
    parser.set_defaults(split="val")
    parser.add_argument("--model", required=True)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--tolerance", type=float, default=0.06, help="of a score, whole path")
    args = parser.parse_args()
    kept, seen = [], set()
    for photo in data.capped(data.photos_of(args), 1):
        row = evaluate.one((args.model, photo, "clean"))
        balanced = sum(k["label"] == photo.label for k in kept) < args.count / 2
        if row["state"] == "evaluated" and balanced and photo.source not in seen:
            seen.add(photo.source)
            kept.append({k: row[k] for k in ("path", "label", "box", "logits", "score")})
    facts = {
        "made_with": "training/reference.py, Pillow, ONNX Runtime; paths relative to data/faces",
        # The whole path crosses two JPEG decoders, whose colours differ by a few levels.
        "tolerance": {"logit_same_input": 1e-3, "score_whole_path": args.tolerance},
        "same_input": same_input(args.model),
        "photos": sorted(kept, key=lambda r: r["path"]),
    }
    with open(os.path.join(args.model, "reference.json"), "w", encoding="utf-8") as f:
        json.dump(facts, f, indent=1)
    print(f"{len(kept)} photos")


if __name__ == "__main__":
    main()
