"""The heads as the program reads them: MODELS/NAME/heads.onnx, exit.onnx and model.toml.

    export.py --name synthetic-6

heads.onnx takes the tokens [1, tokens, 768] behind each block that the heads read, of one crop,
and returns `logits` [1, heads] and `heat` [1, crops, CELLS, CELLS]: where in the crop the logit
of a crop's own head comes from. exit.onnx takes the tokens behind one early block and returns one
logit. What train.py wrote goes in; both files are compared with it on real features before they
are kept.
"""

import argparse
import hashlib
import json
import os
import pickle

import numpy as np
import onnxruntime
from onnx import TensorProto

import crops
import data
import features
import heads as head_kinds
import trunk

CELLS = 7
TOLERANCE = 0.05  # of a logit: the hidden layers' weights are rounded to int8
MODELS = os.path.join(os.path.dirname(data.HERE), "models")
CHECKED = 6  # crops that the files are compared on
DATA_NOTE = ("photos of public repositories, several for research only; they train and measure "
             "and are not distributed; face swaps, retouched and restored photos hardly present")


class Column:
    """One head's place in the graph: standardise, limit, weigh."""

    def __init__(self, graph, axes, head):
        self.graph, self.axes, self.head = graph, axes, head
        self.hidden = isinstance(head, head_kinds.Hidden)
        if self.hidden:
            self.matrix = int8_constant(graph, axes.turn @ head.a)
        else:
            self.matrix = (axes.turn @ head.weights)[:, None].astype(np.float32)

    def logit(self, pooled):
        g, axes = self.graph, self.axes
        z = g.op("Mul", g.op("Sub", pooled, axes.mean[None]), (1 / axes.deviation)[None])
        self.free = g.op("Cast", g.op("Less", g.op("Abs", z), np.float32(head_kinds.CLIP)),
                         to=TensorProto.FLOAT)
        z = g.op("Clip", z, np.float32(-head_kinds.CLIP), np.float32(head_kinds.CLIP))
        if not self.hidden:
            bias = np.array([[self.head.bias]], np.float32)
            return g.op("Add", g.op("MatMul", z, self.matrix), bias)
        self.seen = g.op("Relu", g.op("Add", g.op("MatMul", z, self.matrix), self.head.b[None]))
        logit = g.op("MatMul", self.seen, self.head.c[:, None].astype(np.float32))
        return g.op("Add", logit, np.array([[self.head.d]], np.float32))

    def slope(self):
        """[1, width]: what the logit, linear around this photo, multiplies each number by."""
        g = self.graph
        active = g.op("Cast", g.op("Greater", self.seen, np.float32(0)), to=TensorProto.FLOAT)
        active = g.op("Mul", active, self.head.c[None].astype(np.float32))
        slope = g.op("MatMul", active, g.op("Transpose", self.matrix, perm=[1, 0]))
        return g.op("Mul", g.op("Mul", slope, self.free), (1 / self.axes.deviation)[None])


def int8_constant(graph, matrix):
    """A matrix kept as int8 with one step per column, and the nodes that widen it."""
    step = np.abs(matrix).max(0, keepdims=True) / 127
    whole = graph.constant(np.round(matrix / step).astype(np.int8))
    return graph.op("Mul", graph.op("Cast", whole, to=TensorProto.FLOAT), step.astype(np.float32))


def graph_of(blocks, columns, mapped, side, name="logits"):
    """The graph of heads. `columns` is a list of (axes, head) on all `blocks`; the first `mapped`
    of them have a heat map."""
    g = trunk.Graph()
    cells = (side // trunk.PATCH) ** 2
    pieces, places = [], []
    for block in blocks:
        tokens = f"block{block}"
        first = g.op("Slice", tokens, np.array([0]), np.array([1]), np.array([1]))
        rest = g.op("Slice", tokens, np.array([1]), np.array([cells + 1]), np.array([1]))
        mean = g.op("ReduceMean", rest, axes=[1], keepdims=1)
        off = g.op("Sub", rest, mean)
        power = g.op("Mul", off, off)
        spread = g.op("ReduceMean", power, axes=[1], keepdims=1)
        deviation = g.op("Sqrt", g.op("Add", spread, np.float32(1e-6)))
        pieces += [first, mean, deviation]
        places.append((rest, power, deviation))
    width = len(blocks) * 3 * trunk.WIDTH
    pooled = g.op("Reshape", g.op("Concat", *pieces, axis=2), np.array([1, width]))
    columns = [Column(g, axes, head) for axes, head in columns]
    logits = [column.logit(pooled) for column in columns]
    outputs = [(name, [1, len(columns)])]
    g.op("Concat", *logits, axis=1, name=name)
    if mapped:
        maps = [heat_of(g, places, column, cells) for column in columns[:mapped]]
        g.op("Concat", *maps, axis=1, name="heat")
        outputs.append(("heat", [1, mapped, CELLS, CELLS]))
    inputs = [(f"block{b}", [1, cells + 1, trunk.WIDTH]) for b in blocks]
    return g.model(inputs, outputs)


def heat_of(g, places, column, cells):
    """[1, 1, CELLS, CELLS]: each cell's share of what means and deviations add to the logit, less
    an even share of what they would add for the average photo. A mean is the sum over cells of
    x / n, a deviation s that of (x - mean)^2 / (n s), so the shares add up to it. What the class
    tokens add belongs to no cell and is left out."""
    count = len(places)
    slope = g.op("Reshape", column.slope(), np.array([count * 3, trunk.WIDTH]))
    average = column.axes.mean.reshape(count, 3, trunk.WIDTH).copy()
    average[:, 0] = 0
    even = g.op("ReduceSum", g.op("Mul", slope, average.reshape(count * 3, trunk.WIDTH)),
                np.array([0, 1]), keepdims=1)
    total = g.op("Mul", even, np.float32(-1))
    for k, (rest, power, deviation) in enumerate(places):
        of_mean, of_deviation = (g.op("Slice", slope, np.array([3 * k + j]),
                                      np.array([3 * k + j + 1]), np.array([0])) for j in (1, 2))
        of_deviation = g.op("Div", of_deviation, g.op("Reshape", deviation,
                                                      np.array([1, trunk.WIDTH])))
        means = g.op("MatMul", rest, g.op("Transpose", of_mean, perm=[1, 0]))
        spreads = g.op("MatMul", power, g.op("Transpose", of_deviation, perm=[1, 0]))
        total = g.op("Add", total, g.op("Add", means, spreads))
    side = int(round(cells ** 0.5))
    step = side // CELLS
    total = g.op("Reshape", g.op("Mul", total, np.float32(1 / cells)),
                 np.array([CELLS, step, CELLS, step]))
    total = g.op("ReduceSum", total, np.array([1, 3]), keepdims=0)
    return g.op("Reshape", total, np.array([1, 1, CELLS, CELLS]))


def pooled_of(tokens):
    """Features [1, 3 WIDTH] of tokens [1, n, WIDTH], as trunk.pooled has them."""
    rest = tokens[:, 1:]
    deviation = np.sqrt(rest.var(1) + 1e-6)
    return np.concatenate([tokens[:, 0], rest.mean(1), deviation], 1)


def check(folder, trunk_folder, runs, kept, blocks, exit_block):
    """Runs trunk and heads on a few crops and compares with the heads in Python."""
    def session(*path):
        return onnxruntime.InferenceSession(os.path.join(*path),
                                            providers=["CPUExecutionProvider"])

    small = os.path.join(runs, "small")
    rows = crops.photos_of(small)
    pixels, done = crops.arrays(small, "clean", len(rows), "r")
    net, read = session(trunk_folder, "trunk.onnx"), session(folder, "heads.onnx")
    leave = session(folder, "exit.onnx")
    names, worst = [o.name for o in net.get_outputs()], 0.0
    some = [i for i, r in enumerate(rows) if r["faces"] and done[i]]
    for i in some[:: len(some) // CHECKED]:
        for column, crop in enumerate(("face", "whole")):
            photo = features.normalised(pixels[i:i + 1, crops.CROPS.index(crop)])
            tokens = dict(zip(names, net.run(None, {"photo": photo})))
            x = np.concatenate([pooled_of(tokens[f"block{b}"]) for b in blocks], 1)
            z = kept["axes"][crop](x)
            logits, heat = read.run(None, {f"block{b}": tokens[f"block{b}"] for b in blocks})
            worst = max(worst, abs(logits[0, column] - kept["heads"][crop](z)[0]))
            assert np.isfinite(heat).all()
            if crop == "face":
                z = head_kinds.axes_of(kept, "drawn")(x)
                worst = max(worst, abs(logits[0, 2] - kept["heads"]["drawn"](z)[0]))
            else:
                z = kept["axes"]["exit"](pooled_of(tokens[f"block{exit_block}"]))
                found = leave.run(None, {f"block{exit_block}": tokens[f"block{exit_block}"]})[0]
                worst = max(worst, abs(found[0, 0] - kept["heads"]["exit"](z)[0]))
    assert worst < TOLERANCE, worst
    return worst


def threshold_lines(facts):
    lines = []
    for t in facts["thresholds"]:
        lines += ["[[threshold]]", f"fpr = {t['fpr']}", f"score = {t['score']:.4f}",
                  f"interval = [{t['interval'][0]:.4f}, {t['interval'][1]:.4f}]",
                  f"# of these photos themselves: {t['point']:.4f}", ""]
    return "\n".join(lines)


def description(args, facts, digests):
    weights, exit_facts, drawn = facts["weights"], facts["exit"], facts["drawn"]
    alone = facts["whole_alone"]
    clean = next(h for h in facts["held_out"] if h.endswith("/clean"))
    early, late = exit_facts[clean], alone[clean]
    numbers = lambda values: ", ".join(f"{v:.8f}" for v in values)  # noqa: E731
    taps = ", ".join(f'"block{b}"' for b in facts["blocks"])
    return f"""name = "{args.name}"
# the folder beside this one with the network under the heads
trunk = "{args.trunk}"
# of heads.onnx
sha256 = "{digests['heads']}"
trained = "{facts['trained']}"
# what is looked at has its colours halved first
halve_colours = true
# the trunk's tensors that heads.onnx reads, in the order of its inputs
taps = [{taps}]

# value = (pixel / 255 - mean) / std, RGB
[input]
side = {crops.SIDE}
mean = [{numbers(trunk.MEAN)}]
std = [{numbers(trunk.STD)}]

[[look]]
kind = "face"
scale = {crops.SCALE}
head = 0
weight = {weights[0]:.6g}

[[look]]
kind = "whole"
head = 1
weight = {weights[1]:.6g}

# score = sigmoid(bias + sum of weight * logit), fitted on photos of held-out sources
[calibration]
bias = {facts['bias']:.6g}

# exit.onnx reads one tensor of the whole photo's pass. Up to this logit the photo is plainly real
# and nothing further runs: {early['caught_left']:.1%} of the AI-made photos of held-out sources
# over the 1 % threshold leave here, and {early['real_left']:.0%} of the real ones.
[exit]
block = "block{exit_facts['block']}"
sha256 = "{digests['exit']}"
logit_max = {exit_facts['logit_max']:.5f}
weight = {exit_facts['weight']:.6g}
bias = {exit_facts['bias']:.6g}

# Up to this logit of the whole photo its face need not be looked at: {late['caught_left']:.1%}
# and {late['real_left']:.0%} have left by then.
[whole_alone]
logit_max = {alone['logit_max']:.5f}
weight = {alone['weight']:.6g}
bias = {alone['bias']:.6g}

# below this sharpness of the face look nearly no photo was measured
[face]
sharpness_min = 0.035

# from this logit of the face on it is a drawing: {drawn['rate']:.1%} of held-out photos and
# {drawn['found']:.0%} of {drawn['drawings']} drawings of held-out groups reach it
[drawn]
head = 2
logit = {drawn['logit']:.5f}

# Of {facts['real_photos']} real photos of {facts['real_sources']} held-out sources, clean and worn.
# Each score is the upper end of the 95 % interval over sources.
{threshold_lines(facts)}
[forerunner]
name = "synthetic-5"
auroc = 0.936
auroc_least = 0.915

# On val of the small pack, by `photocheck eval`; least: lower end of the 95 % interval (Hanley and
# McNeil, 1982).
[reached]
auroc = {facts['val']['auroc']:.3f}
auroc_least = {facts['val']['auroc_least']:.3f}

[data]
photos = {facts['data']['photos']}
rows = {facts['data']['rows']}
sources = {facts['data']['sources']}
folds = {facts['data']['folds']}
note = "{DATA_NOTE}"

[licence]
weights = "heads: ours, MIT OR Apache-2.0; for the trunk see {args.trunk}/trunk.toml"

[measured]
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", default=os.path.join(data.HERE, "runs"))
    parser.add_argument("--models", default=MODELS)
    parser.add_argument("--trunk", default="trunk-clip-b16")
    parser.add_argument("--name", required=True)
    args = parser.parse_args()
    base = os.path.join(args.runs, "heads", args.name)
    with open(base + ".pkl", "rb") as f:
        kept = pickle.load(f)
    with open(base + ".json", encoding="utf-8") as f:
        facts = json.load(f)
    with open(base + "-val.json", encoding="utf-8") as f:
        facts["val"] = next(iter(json.load(f).values()))["cascade"]
    blocks, exit_block = facts["blocks"], facts["exit"]["block"]
    columns = [(head_kinds.axes_of(kept, name), kept["heads"][name])
               for name in ("face", "whole", "drawn")]
    early = [(kept["axes"]["exit"], kept["heads"]["exit"])]
    folder, digests = os.path.join(args.models, args.name), {}
    os.makedirs(folder, exist_ok=True)
    for name, model in (("heads", graph_of(blocks, columns, 2, crops.SIDE)),
                        ("exit", graph_of([exit_block], early, 0, crops.SIDE, "logit"))):
        model = model.SerializeToString()
        digests[name] = hashlib.sha256(model).hexdigest()
        with open(os.path.join(folder, name + ".onnx"), "wb") as f:
            f.write(model)
        print(f"{name}.onnx: {len(model) / 1e6:.2f} MB")
    worst = check(folder, os.path.join(args.models, args.trunk), args.runs, kept, blocks,
                  exit_block)
    print(f"largest difference of a logit from Python: {worst:.4f}")
    with open(os.path.join(folder, "model.toml"), "w", encoding="utf-8") as f:
        f.write(description(args, facts, digests))


if __name__ == "__main__":
    main()
