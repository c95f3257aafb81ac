"""Photos with their boxes, logits and score from Python, for the program's tests to agree with.

    reference.py --model ../models/synthetic-1 --count 20
"""

import argparse
import json
import os

import data
import evaluate


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    data.add_arguments(parser)
    parser.set_defaults(split="val")
    parser.add_argument("--model", required=True)
    parser.add_argument("--count", type=int, default=20)
    args = parser.parse_args()
    kept, seen = [], set()
    for photo in data.capped(data.photos_of(args), 1):
        row = evaluate.one((args.model, photo, "clean"))
        balanced = sum(k["label"] == photo.label for k in kept) < args.count / 2
        if row["state"] == "evaluated" and balanced and photo.source not in seen:
            seen.add(photo.source)
            kept.append({k: row[k] for k in ("path", "label", "box", "logits", "score")})
    facts = {
        "made_with": "training/reference.py, Pillow and ONNX Runtime; paths are relative to data/faces",
        "tolerance": {"logit_same_input": 1e-3, "score_whole_path": 0.02},
        "photos": sorted(kept, key=lambda r: r["path"]),
    }
    with open(os.path.join(args.model, "reference.json"), "w", encoding="utf-8") as f:
        json.dump(facts, f, indent=1)
    print(f"{len(kept)} photos")


if __name__ == "__main__":
    main()
