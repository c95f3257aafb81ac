"""Building of ONNX graphs: nodes and constants as they come."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Graph:
    """Collects the nodes and constants of a graph; `op` returns the name of a node's output."""

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
            self.nodes, "photocheck", [describe_tensor(*i) for i in inputs],
            [describe_tensor(*o) for o in outputs],
            [numpy_helper.from_array(v, k) for k, v in self.constants.items()])
        model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
        onnx.checker.check_model(model)
        return model


def describe_tensor(name, shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
