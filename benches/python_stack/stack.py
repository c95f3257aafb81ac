"""What a user would build in Python instead, with our model files: processor time of each stage.

    python benches/python_stack/stack.py [--banked 1000000] PHOTO...

Pillow decodes, Meta's PDQ hashes, one face pass, the whole photo and the face through the trunk and
its heads by ONNX Runtime, faiss over random banked hashes. All on one thread. Prints one JSON object:
milliseconds a photo by stage. It does less than a check: one hash a photo instead of its views, no
early exit, no stability check, no marks of origin, no limits.
"""

import argparse
import json
import sys
import time
import tomllib
from pathlib import Path

import faiss
import numpy as np
import onnxruntime
import pdqhash
from PIL import Image, ImageOps

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "training"), str(ROOT / "training" / "faces")]

import face_boxes  # noqa: E402
from lib import squares  # noqa: E402

RADIUS = 31
WARM_UP = 3


def read_policy_model():
    policy = tomllib.loads((ROOT / "models" / "thresholds.toml").read_text())
    return ROOT / "models" / policy["synthetic_face"]["model"]


class Stack:
    def __init__(self, banked):
        self.spent = {}
        folder = read_policy_model()
        self.facts = tomllib.loads((folder / "model.toml").read_text())
        self.trunk = self.session(folder.parent / self.facts["trunk"] / "trunk.onnx")
        self.heads = self.session(folder / "heads.onnx")
        self.faces = face_boxes.Detector(refine=False)
        random = np.random.default_rng(1)
        self.index = faiss.IndexBinaryMultiHash(256, 16, 16)
        self.index.nflip = 1
        self.index.add(random.integers(0, 256, (banked, 32), np.uint8))

    @staticmethod
    def session(path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        return onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])

    def stage(self, name, work):
        begun = time.process_time()
        found = work()
        self.spent[name] = self.spent.get(name, 0.0) + time.process_time() - begun
        return found

    def logit(self, image, look, box):
        side = self.facts["input"]["side"]
        square = squares.place_square(look, *image.size, box)
        pixels = np.asarray(squares.cut_square(image, square, side), np.float32) / 255
        mean, std = (np.array(self.facts["input"][key], np.float32) for key in ("mean", "std"))
        photo = ((pixels - mean) / std).transpose(2, 0, 1)[None]
        tokens = self.trunk.run(self.facts["taps"], {"photo": photo})
        logits = self.heads.run(["logits"], dict(zip(self.facts["taps"], tokens)))[0]
        return float(logits[0, look["head"]])

    def check(self, path):
        image = self.stage("decode", lambda: decode(path))
        hashed = self.stage("hash", lambda: pdqhash.compute(np.asarray(image))[0])
        query = np.packbits(hashed.astype(np.uint8))[None]
        self.stage("lookup", lambda: self.index.range_search(query, RADIUS + 1))
        faces = self.stage("faces", lambda: self.faces.detect(image))
        width, height = image.size
        face = faces[0] if faces else None
        box = [0, 0, width, height]
        if face:
            box = [face.x * width, face.y * height, face.w * width, face.h * height]
        for look in self.facts["look"]:
            self.stage("detector", lambda look=look: self.logit(image, look, box))


def decode(path):
    with Image.open(path) as image:
        return ImageOps.exif_transpose(image).convert("RGB")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", nargs="+")
    parser.add_argument("--banked", type=int, default=1_000_000)
    args = parser.parse_args()
    faiss.omp_set_num_threads(1)
    stack = Stack(args.banked)
    for path in args.photos[:WARM_UP]:
        stack.check(path)
    stack.spent.clear()
    for path in args.photos:
        stack.check(path)
    ms = {name: 1e3 * spent / len(args.photos) for name, spent in stack.spent.items()}
    print(json.dumps({"all": round(sum(ms.values()), 1)} | {k: round(v, 1) for k, v in ms.items()}))


if __name__ == "__main__":
    main()
