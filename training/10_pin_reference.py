"""Pin photos with their boxes, logits and scores from Python, for the program's tests to compare.

    10_pin_reference.py --model ../models/synthetic-6 --count 20

The whole path: decode, find the face, cut, run the trunk and the heads in ONNX Runtime, leave early
where the model says so. Writes reference.json into the model's folder.
"""

import argparse
import json
import os
import tomllib

import numpy as np
import onnxruntime
from PIL import Image

from faces import face_boxes
from lib import alignment, boxes, heads, paths, photos, squares

FIXTURE = "photos/real-collins.png"


class Model:
    """A model's files, loaded."""

    def __init__(self, folder):
        def read(*path):
            with open(os.path.join(*path), "rb") as f:
                return f.read()

        def session(*path):
            return onnxruntime.InferenceSession(read(*path), providers=["CPUExecutionProvider"])

        self.facts = tomllib.loads(read(folder, "model.toml").decode())
        beside = os.path.join(os.path.dirname(os.path.abspath(folder)), self.facts["trunk"])
        self.trunk = session(beside, "trunk.onnx")
        self.heads = session(folder, "heads.onnx")
        self.exit = session(folder, "exit.onnx")
        self.outputs = [o.name for o in self.trunk.get_outputs()]

    def tokens(self, pixels):
        """Returns the tokens by block of one crop uint8 [side, side, 3]."""
        scaled = pixels.astype(np.float32) / 255
        mean, std = (np.array(self.facts["input"][k], np.float32) for k in ("mean", "std"))
        photo = ((scaled - mean) / std).transpose(2, 0, 1)[None]
        return dict(zip(self.outputs, self.trunk.run(None, {"photo": photo})))

    def logits(self, tokens):
        taps = {tap: tokens[tap] for tap in self.facts["taps"]}
        return self.heads.run(["logits"], taps)[0][0]

    def is_aligned(self, image, face):
        """Whether the head for aligned faces counts for a face of faces/face_boxes.py."""
        measured = alignment.measure_alignment(face, *image.size)
        return alignment.is_within(measured, self.facts["aligned"]["limits"])

    def score(self, image, box, aligned):
        """Returns the logits by kind of crop, the exit's, and the score by all of them."""
        total, found = self.facts["calibration"]["bias"], {}
        for look in self.facts["look"]:
            side = self.facts["input"]["side"]
            square = squares.place_square(look, *image.size, box)
            tokens = self.tokens(np.asarray(squares.cut_square(image, square, side)))
            logits = self.logits(tokens)
            found[look["kind"]] = float(logits[look["head"]])
            total += look["weight"] * found[look["kind"]]
            if look["kind"] == "whole":
                block = self.facts["exit"]["block"]
                found["exit"] = float(self.exit.run(None, {block: tokens[block]})[0][0, 0])
                if aligned:
                    found["aligned"] = float(logits[self.facts["aligned"]["head"]])
        if aligned:
            facts = self.facts["aligned"]
            total = max(total, facts["bias"] + facts["weight"] * found["aligned"])
        return found, float(heads.sigmoid(total))

    def leave_early(self, found):
        """Returns (way, score) where the photo leaves before its face is scored, or None."""
        if "aligned" in found:
            return None
        for way, logit in (("exit", found["exit"]), ("whole_alone", found["whole"])):
            facts = self.facts[way]
            if logit <= facts["logit_max"]:
                score = heads.sigmoid(facts["bias"] + facts["weight"] * logit)
                return way, float(score)
        return None


def score_fixture(model):
    """Scores a crop that needs no resizing, so that nothing but the network can differ."""
    side = model.facts["input"]["side"]
    box = [112, 0, side, side]
    with Image.open(os.path.join(paths.FIXTURES, FIXTURE)) as image:
        crop = image.convert("RGB").crop((box[0], box[1], box[0] + side, box[1] + side))
    logits = model.logits(model.tokens(np.asarray(crop)))
    return {"fixture": FIXTURE, "box": box, "logits": [float(v) for v in logits]}


def choose_photos(model, count):
    """Chooses photos, half real, half AI-made, one a source, one face each. They leave by the exit
    or not at all: where only the whole photo's logit spares the face, the score depends on the
    way."""
    kept, sources = [], set()
    for row in photos.cap_rows(photos.read_rows(paths.SMALL_PACK, "val"), 1):
        same_label = sum(k["label"] == row["label"] for k in kept)
        if row["source"] in sources or same_label >= count / 2:
            continue
        image = photos.open_photo(photos.locate(row))
        faces = face_boxes.detect_for_crops(image)
        if len(faces) != 1:
            continue
        box = boxes.round_face(faces[0], image)[:4]
        found, score = model.score(image, box, model.is_aligned(image, faces[0]))
        way = model.leave_early(found)
        if way and way[0] == "whole_alone":
            continue
        sources.add(row["source"])
        kept.append({"path": row["path"], "label": row["label"], "box": box,
                     "logits": found, "exit": bool(way), "score": way[1] if way else score})
    return kept


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--tolerance", type=float, default=0.06, help="of a score, whole path")
    args = parser.parse_args()
    model = Model(args.model)
    facts = {
        "made_with": "training/10_pin_reference.py, Pillow, ONNX Runtime; "
                     "paths relative to data/faces",
        # The whole path crosses two JPEG decoders, whose colours differ by a few levels.
        "tolerance": {"logit_same_input": 5e-3, "score_whole_path": args.tolerance},
        "same_input": score_fixture(model),
        "photos": sorted(choose_photos(model, args.count), key=lambda r: r["path"]),
    }
    with open(os.path.join(args.model, "reference.json"), "w", encoding="utf-8") as f:
        json.dump(facts, f, indent=1)
    exits = sum(r["exit"] for r in facts["photos"])
    print(f"{len(facts['photos'])} photos, {exits} of them leave by the exit")


if __name__ == "__main__":
    main()
