"""Pooled features of frozen trunks over a set of looks, kept as f16.

    features.py --set lives-originals-train --trunk thin --looks 0,1

Writes RUNS/features/SET/TRUNK-LOOK.f16 ([photo, life, width]); photos whose look is missing stay
zero. The trunk runs in ONNX Runtime. Runs again where it stopped.
"""

import argparse
import json
import os
import time

import numpy as np
import onnxruntime
import torch
from torch import nn

import backbones
import data
import traces


class Pooled(nn.Module):
    def __init__(self, trunk):
        super().__init__()
        self.trunk = trunk

    def forward(self, x):
        return backbones.pooled(self.trunk(x))


def trunk_file(runs, name, side=224):
    """The trunk as ONNX with a free batch, written once."""
    path = os.path.join(runs, "trunks", f"{name}-{side}.onnx")
    if not os.path.exists(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        net = traces.Traces() if name == "traces" else Pooled(backbones.build(name))
        net = net.eval()
        torch.onnx.export(net, torch.zeros(2, 3, side, side), path, input_names=["photo"],
                          output_names=["features"], opset_version=13, dynamo=False,
                          dynamic_axes={"photo": {0: "n"}, "features": {0: "n"}})
    return path


def session_of(path, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def norms(name):
    if name == "traces":
        return np.zeros((3, 1, 1), np.float32), np.ones((3, 1, 1), np.float32)
    kind = backbones.ResNetThin if name == "thin" else backbones.EfficientNetLite
    return (np.array(kind.MEAN, np.float32) * 255)[:, None, None], (
        np.array(kind.STD, np.float32) * 255)[:, None, None]


def normalised(pixels, mean, std):
    """uint8 [n, s, s, 3] to float [n, 3, s, s]."""
    return (pixels.transpose(0, 3, 1, 2).astype(np.float32) - mean) / std


def open_set(runs, name):
    folder = os.path.join(runs, "looks", name)
    with open(os.path.join(folder, "rows.json"), encoding="utf-8") as f:
        head = json.load(f)
    n, k, m, s = len(head["rows"]), len(head["lives"]), len(head["looks"]), head["side"]
    pixels = np.memmap(os.path.join(folder, "looks.u8"), np.uint8, "r", shape=(n, k, m, s, s, 3))
    done = np.memmap(os.path.join(folder, "done.u8"), np.uint8, "r", shape=(n, k, m))
    return head, pixels, done


def feature_path(runs, name, trunk, look):
    return os.path.join(runs, "features", name, f"{trunk}-{look}.f16")


def extract(args, trunk, look, end):
    head, pixels, done = open_set(args.runs, args.set)
    net = session_of(trunk_file(args.runs, trunk, head["side"]), args.threads)
    width = net.get_outputs()[0].shape[1]
    path = feature_path(args.runs, args.set, trunk, look)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    shape = done.shape[:2] + (width,)
    mode = "r+" if os.path.exists(path) else "w+"
    out = np.memmap(path, np.float16, mode, shape=shape)
    mean, std = norms(trunk)
    most = min(args.most_lives or shape[1], shape[1])
    have = [(i, k) for k in range(most) for i in range(shape[0]) if done[i, k, look] == 1]
    todo = [(i, k) for i, k in have if out[i, k, 0] == 0 and not out[i, k].any()]
    started = time.time()
    for at in range(0, len(todo), 16):
        some = todo[at : at + 16]
        photos = np.stack([pixels[i, k, look] for i, k in some])
        for (i, k), f in zip(some, net.run(None, {"photo": normalised(photos, mean, std)})[0]):
            out[i, k] = np.clip(f, -60000, 60000)
        if end < time.time():
            break
    rate = len(todo) / max(time.time() - started, 1e-6)
    print(f"{path}: {len(todo)} of {len(have)} looks, {rate:.0f}/s", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    data.add_arguments(parser)
    parser.add_argument("--set", required=True)
    parser.add_argument("--trunk", default="thin", help="thin, lite0, lite2, traces; several by comma")
    parser.add_argument("--looks", default="0,1")
    parser.add_argument("--most-lives", type=int, help="only the first lives")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    end = data.deadline(args)
    for trunk in args.trunk.split(","):
        for look in args.looks.split(","):
            extract(args, trunk, int(look), end)


if __name__ == "__main__":
    main()
