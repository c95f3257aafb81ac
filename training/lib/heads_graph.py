"""Heads as ONNX graphs, on the tokens of the trunk's blocks, with heat maps.

A heat map says where in the crop the logit of a crop's own head comes from.
"""

import numpy as np
from onnx import TensorProto

from lib import heads, trunk, trunk_graph
from lib.graph import Graph

CELLS = 7


class HeadNodes:
    """The nodes of one head: standardise, limit, weigh."""

    def __init__(self, graph, axes, head):
        self.graph, self.axes, self.head = graph, axes, head
        self.has_hidden = isinstance(head, heads.Hidden)
        if self.has_hidden:
            self.matrix = add_int8(graph, axes.rotation @ head.a)
        else:
            self.matrix = (axes.rotation @ head.weights)[:, None].astype(np.float32)

    def add_logit(self, pooled):
        g, axes = self.graph, self.axes
        z = g.op("Mul", g.op("Sub", pooled, axes.mean[None]), (1 / axes.deviation)[None])
        self.unlimited = g.op("Cast", g.op("Less", g.op("Abs", z), np.float32(heads.CLIP)),
                         to=TensorProto.FLOAT)
        z = g.op("Clip", z, np.float32(-heads.CLIP), np.float32(heads.CLIP))
        if not self.has_hidden:
            bias = np.array([[self.head.bias]], np.float32)
            return g.op("Add", g.op("MatMul", z, self.matrix), bias)
        hidden = g.op("Add", g.op("MatMul", z, self.matrix), self.head.b[None])
        self.activation = g.op("Relu", hidden)
        logit = g.op("MatMul", self.activation, self.head.c[:, None].astype(np.float32))
        return g.op("Add", logit, np.array([[self.head.d]], np.float32))

    def add_slope(self):
        """Adds the derivative of the logit by each feature: [1, width]."""
        g = self.graph
        active = g.op("Cast", g.op("Greater", self.activation, np.float32(0)), to=TensorProto.FLOAT)
        active = g.op("Mul", active, self.head.c[None].astype(np.float32))
        slope = g.op("MatMul", active, g.op("Transpose", self.matrix, perm=[1, 0]))
        return g.op("Mul", g.op("Mul", slope, self.unlimited), (1 / self.axes.deviation)[None])


def add_int8(graph, matrix):
    """Keeps a matrix as int8 with one step per column, and adds the nodes that widen it."""
    step = np.abs(matrix).max(0, keepdims=True) / 127
    whole = graph.constant(np.round(matrix / step).astype(np.int8))
    return graph.op("Mul", graph.op("Cast", whole, to=TensorProto.FLOAT), step.astype(np.float32))


def build_heads(blocks, columns, heat_count, side, name="logits"):
    """Builds the graph of heads on tokens. `columns` is a list of (axes, head) on all `blocks`; the
    first `heat_count` of them have a heat map."""
    g = Graph()
    cells = (side // trunk.PATCH) ** 2
    pieces, spreads = [], []
    for block in blocks:
        parts = trunk_graph.add_pool_parts(g, f"block{block}", cells)
        first, rest, mean, squares, deviation = parts
        pieces += [first, mean, deviation]
        spreads.append((rest, squares, deviation))
    width = len(blocks) * 3 * trunk.WIDTH
    pooled = g.op("Reshape", g.op("Concat", *pieces, axis=2), np.array([1, width]))
    columns = [HeadNodes(g, axes, head) for axes, head in columns]
    logits = [column.add_logit(pooled) for column in columns]
    outputs = [(name, [1, len(columns)])]
    g.op("Concat", *logits, axis=1, name=name)
    if heat_count:
        maps = [add_heat(g, spreads, column, cells) for column in columns[:heat_count]]
        g.op("Concat", *maps, axis=1, name="heat")
        outputs.append(("heat", [1, heat_count, CELLS, CELLS]))
    inputs = [(f"block{b}", [1, cells + 1, trunk.WIDTH]) for b in blocks]
    return g.model(inputs, outputs)


def add_heat(g, spreads, column, cells):
    """Adds a heat map [1, 1, CELLS, CELLS]: each cell's share of what means and deviations add to
    the logit, less an even share of what they would add for the average photo. A mean is the sum
    over cells of x / n, a deviation s that of (x - mean)^2 / (n s), so the shares add up to it.
    What the class tokens add belongs to no cell and is left out."""
    count = len(spreads)
    slope = g.op("Reshape", column.add_slope(), np.array([count * 3, trunk.WIDTH]))
    average = column.axes.mean.reshape(count, 3, trunk.WIDTH).copy()
    average[:, 0] = 0
    even = g.op("ReduceSum", g.op("Mul", slope, average.reshape(count * 3, trunk.WIDTH)),
                np.array([0, 1]), keepdims=1)
    total = g.op("Mul", even, np.float32(-1))
    for k, (rest, squares, deviation) in enumerate(spreads):
        of_mean, of_deviation = (g.op("Slice", slope, np.array([3 * k + j]),
                                      np.array([3 * k + j + 1]), np.array([0])) for j in (1, 2))
        of_deviation = g.op("Div", of_deviation, g.op("Reshape", deviation,
                                                      np.array([1, trunk.WIDTH])))
        means = g.op("MatMul", rest, g.op("Transpose", of_mean, perm=[1, 0]))
        deviations = g.op("MatMul", squares, g.op("Transpose", of_deviation, perm=[1, 0]))
        total = g.op("Add", total, g.op("Add", means, deviations))
    side = int(round(cells ** 0.5))
    step = side // CELLS
    total = g.op("Reshape", g.op("Mul", total, np.float32(1 / cells)),
                 np.array([CELLS, step, CELLS, step]))
    total = g.op("ReduceSum", total, np.array([1, 3]), keepdims=0)
    return g.op("Reshape", total, np.array([1, 1, CELLS, CELLS]))
