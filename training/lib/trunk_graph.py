"""The trunk as an ONNX graph of plain operators, for any input side and number of blocks.

Its layers come as full matrices, lifted or rounded, or as packed integers with the nodes that widen
them, which a runtime folds when it loads the file.
"""

import numpy as np
from onnx import TensorProto

from lib import rounding, trunk
from lib.trunk import HEADS, PATCH, WIDTH


def add_norm(graph, x):
    """Adds the norm of tokens that are centred over their channels."""
    power = graph.op("ReduceMean", graph.op("Mul", x, x), axes=[-1], keepdims=1)
    return graph.op("Div", x, graph.op("Sqrt", graph.op("Add", power, np.float32(trunk.EPSILON))))


def add_linear(graph, x, layer):
    matrix, bias = layer
    return graph.op("Add", graph.op("MatMul", x, matrix), bias)


def add_attention(graph, q, k, v, tokens):
    shape = np.array([0, tokens, HEADS, WIDTH // HEADS])
    q, k, v = (graph.op("Transpose", graph.op("Reshape", x, shape), perm=p)
               for x, p in ((q, [0, 2, 1, 3]), (k, [0, 2, 3, 1]), (v, [0, 2, 1, 3])))
    shares = graph.op("Softmax", graph.op("MatMul", q, k), axis=-1)
    attended = graph.op("Transpose", graph.op("MatMul", shares, v), perm=[0, 2, 1, 3])
    return graph.op("Reshape", attended, np.array([0, tokens, WIDTH]))


def add_centring(graph, x):
    return graph.op("Sub", x, graph.op("ReduceMean", x, axes=[-1], keepdims=1))


def fold_layers(weights):
    """Returns the layers for `add_trunk` from lifted weights, as full matrices."""
    return lambda graph, block, part: trunk.fold_layer(weights, block, part)


def widen_layers(packed):
    """Returns the same from rounded weights."""
    def layer(graph, block, part):
        name = f"{block}.{part}"
        bits = int(packed["bits"])
        matrix = rounding.widen(packed[name], packed[name + ".step"], bits)
        return matrix, packed[name + ".bias"]
    return layer


def pack_layers(packed):
    """Returns the same as packed integers, with nodes that widen them."""
    bits = int(packed["bits"])

    def layer(graph, block, part):
        name = f"{block}.{part}"
        matrix = add_unpacking(graph, packed[name], packed[name + ".step"], bits, name)
        return matrix, packed[name + ".bias"]
    return layer


def add_unpacking(graph, whole, step, bits, name):
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
        part = add_fields(graph, field, size, f"{name}.bits{below}")
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


def add_fields(graph, field, size, name):
    """Packs numbers of `size` bits [in, out] into bytes and adds the nodes that take them apart."""
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


def add_half(graph, value):
    """Keeps an array as f16: OpenAI's weights are no finer."""
    return graph.op("Cast", graph.constant(value.astype(np.float16)), to=TensorProto.FLOAT)


def add_trunk(graph, weights, side, depth, layers):
    """Adds the trunk; returns the names of the blocks' outputs [n, tokens, WIDTH]."""
    cells = (side // PATCH) ** 2
    x = graph.op("Conv", "photo", add_half(graph, weights["patch"]), strides=[PATCH, PATCH],
                 kernel_shape=[PATCH, PATCH])
    x = graph.op("Transpose", graph.op("Reshape", x, np.array([0, WIDTH, cells])), perm=[0, 2, 1])
    # The class token is a row of its own in front: a patch's row, times zero.
    x = graph.op("Concat", graph.op("Mul", graph.op("Slice", x, np.array([0]), np.array([1]),
                                                    np.array([1])), np.float32(0)), x, axis=1)
    positions = np.concatenate([weights["class"][None],
                                trunk.resize_positions(weights, side)])[None]
    x = graph.op("Add", x, add_half(graph, positions))
    x = add_norm(graph, add_centring(graph, x))
    x = graph.op("Add", graph.op("Mul", x, weights["pre.gain"]), weights["pre.offset"])
    x = add_centring(graph, x)
    blocks = []
    for i in range(depth):
        layer = {part: layers(graph, i, part) for part in trunk.PARTS}
        y = add_norm(graph, x)
        q, k, v = (add_linear(graph, y, layer[part]) for part in "qkv")
        y = add_linear(graph, add_attention(graph, q, k, v, cells + 1), layer["o"])
        x = graph.op("Add", x, y)
        y = add_linear(graph, add_norm(graph, x), layer["f1"])
        y = graph.op("Mul", y, graph.op("Sigmoid", y))
        x = graph.op("Add", x, add_linear(graph, y, layer["f2"]), name=f"block{i + 1}")
        blocks.append(x)
    return blocks


def add_pool_parts(graph, tokens, cells):
    """Splits tokens [1, 1 + cells, WIDTH]; returns the class token, the patches' tokens, their
    mean, their squared distances from it, and their deviation."""
    g = graph
    first = g.op("Slice", tokens, np.array([0]), np.array([1]), np.array([1]))
    rest = g.op("Slice", tokens, np.array([1]), np.array([cells + 1]), np.array([1]))
    mean = g.op("ReduceMean", rest, axes=[1], keepdims=1)
    off = g.op("Sub", rest, mean)
    squares = g.op("Mul", off, off)
    power = g.op("ReduceMean", squares, axes=[1], keepdims=1)
    deviation = g.op("Sqrt", g.op("Add", power, np.float32(1e-6)))
    return first, rest, mean, squares, deviation


def add_pool(graph, tokens, side):
    """Pools tokens to their class token, mean and deviation side by side: [n, 3 WIDTH]."""
    first, _, mean, _, deviation = add_pool_parts(graph, tokens, (side // PATCH) ** 2)
    return graph.op("Reshape", graph.op("Concat", first, mean, deviation, axis=2),
                    np.array([0, 3 * WIDTH]))
