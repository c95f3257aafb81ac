#!/usr/bin/env python3
"""Turn a BlazeFace .tflite file into a plain fixed-shape ONNX file.

    python3 training/faces/convert_blazeface.py IN.tflite OUT.onnx [--check]

The TFLite graph is NHWC; the ONNX graph is NCHW with one float32 input
``input`` [1,3,S,S] and two outputs ``regressors`` [1,N,16] and ``scores``
[1,N,1] (raw logits). Float16 weights, stored behind DEQUANTIZE operators,
become float32. Only Conv, Relu, Add, Pad, MaxPool, Transpose, Reshape, Concat
and (full-range model only) Resize are emitted.

``--check`` compares both nets on random input, with ai-edge-litert and
onnxruntime, and prints the largest absolute difference.
"""

import argparse
import math

import numpy as np
import onnx
import tflite
from onnx import TensorProto, helper, numpy_helper

OPSET = 13
OP_NAMES = {v: k for k, v in vars(tflite.BuiltinOperator).items() if isinstance(v, int)}
DTYPES = {
    tflite.TensorType.FLOAT32: np.float32,
    tflite.TensorType.FLOAT16: np.float16,
    tflite.TensorType.INT32: np.int32,
}
SAME = 0  # tflite.Padding.SAME
NCHW_AXIS = {0: 0, 1: 2, 2: 3, 3: 1}  # NHWC axis -> NCHW axis


def same_padding(size, kernel, stride):
    """TensorFlow's SAME padding on one axis: (before, after)."""
    out = math.ceil(size / stride)
    total = max((out - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class Converter:
    def __init__(self, path):
        with open(path, "rb") as f:
            self.model = tflite.Model.GetRootAs(f.read(), 0)
        if self.model.SubgraphsLength() != 1:
            raise ValueError("expected exactly one subgraph")
        self.graph = self.model.Subgraphs(0)
        self.constants = {}  # tensor index -> numpy array, still NHWC / OHWI
        self.nodes = []
        self.weights = []

    def shape(self, index):
        t = self.graph.Tensors(index)
        return [int(d) for d in t.ShapeAsNumpy()] if t.ShapeLength() else []

    def constant(self, index):
        """The stored value of a tensor, or None if it is computed at run time."""
        if index not in self.constants:
            t = self.graph.Tensors(index)
            raw = self.model.Buffers(t.Buffer())
            if raw.DataLength() == 0:
                return None
            data = raw.DataAsNumpy().tobytes()
            dtype = np.dtype(DTYPES[t.Type()]).newbyteorder("<")
            self.constants[index] = np.frombuffer(data, dtype).reshape(self.shape(index))
        return self.constants[index]

    def weight(self, name, array):
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def emit(self, kind, inputs, output, **attributes):
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    @staticmethod
    def options(op, cls):
        table = op.BuiltinOptions()
        options = cls()
        options.Init(table.Bytes, table.Pos)
        return options

    @staticmethod
    def expect(condition, what):
        if not condition:
            raise NotImplementedError(what)

    def activation(self, code, name, target):
        """Adds a fused RELU, if any, so that the result is called `target`."""
        self.expect(code in (0, 1), f"activation {code}")
        if code == 1:
            self.emit("Relu", [name], target)

    def conv(self, op, ins, out, depthwise):
        cls = tflite.DepthwiseConv2DOptions if depthwise else tflite.Conv2DOptions
        o = self.options(op, cls)
        self.expect(o.DilationHFactor() == 1 and o.DilationWFactor() == 1, "dilation")
        w = np.asarray(self.constant(ins[1]), np.float32)
        b = np.asarray(self.constant(ins[2]), np.float32)
        group = 1
        if depthwise:  # [1,kh,kw,channels] -> [channels,1,kh,kw]
            self.expect(o.DepthMultiplier() == 1, "depth multiplier")
            w, group = w.transpose(3, 0, 1, 2), w.shape[3]
        else:  # [out,kh,kw,in] -> [out,in,kh,kw]
            w = w.transpose(0, 3, 1, 2)
        _, height, width, _ = self.shape(ins[0])
        top = bottom = left = right = 0
        if o.Padding() == SAME:
            top, bottom = same_padding(height, w.shape[2], o.StrideH())
            left, right = same_padding(width, w.shape[3], o.StrideW())
        fused = o.FusedActivationFunction()
        name = f"t{out}" if fused == 0 else f"t{out}_linear"
        self.emit(
            "Conv",
            [f"t{ins[0]}", self.weight(f"w{out}", w), self.weight(f"b{out}", b)],
            name,
            kernel_shape=list(w.shape[2:]),
            strides=[o.StrideH(), o.StrideW()],
            pads=[top, left, bottom, right],
            group=group,
        )
        self.activation(fused, name, f"t{out}")

    def max_pool(self, op, ins, out):
        o = self.options(op, tflite.Pool2DOptions)
        _, height, width, _ = self.shape(ins[0])
        top = bottom = left = right = 0
        if o.Padding() == SAME:
            top, bottom = same_padding(height, o.FilterHeight(), o.StrideH())
            left, right = same_padding(width, o.FilterWidth(), o.StrideW())
        self.expect(o.FusedActivationFunction() == 0, "activation after pooling")
        self.emit(
            "MaxPool",
            [f"t{ins[0]}"],
            f"t{out}",
            kernel_shape=[o.FilterHeight(), o.FilterWidth()],
            strides=[o.StrideH(), o.StrideW()],
            pads=[top, left, bottom, right],
        )

    def pad(self, ins, out):
        amounts = self.constant(ins[1]).reshape(4, 2)
        pads = np.zeros(8, np.int64)
        for axis in range(4):
            pads[NCHW_AXIS[axis]], pads[NCHW_AXIS[axis] + 4] = amounts[axis]
        inputs = [f"t{ins[0]}", self.weight(f"pads{out}", pads)]
        self.emit("Pad", inputs, f"t{out}", mode="constant")

    def reshape(self, ins, out):
        name = f"t{ins[0]}"
        if len(self.shape(ins[0])) == 4:  # flatten in NHWC order
            name = self.emit("Transpose", [name], f"t{out}_nhwc", perm=[0, 2, 3, 1])
        # The anchors are as many as the input is large: no size is written down.
        _, _, values = self.shape(out)
        target = np.array([1, -1, values], np.int64)
        self.emit("Reshape", [name, self.weight(f"shape{out}", target)], f"t{out}")

    def resize_bilinear(self, op, ins, out):
        o = self.options(op, tflite.ResizeBilinearOptions)
        self.expect(o.HalfPixelCenters() and not o.AlignCorners(), "corner rule")
        n, h, w, c = self.shape(ins[0])
        self.expect(self.shape(out) == [n, 2 * h, 2 * w, c], "factor other than 2")
        scales = self.weight(f"scales{out}", np.array([1, 1, 2, 2], np.float32))
        self.emit(
            "Resize",
            [f"t{ins[0]}", "", scales],
            f"t{out}",
            mode="linear",
            coordinate_transformation_mode="half_pixel",
        )

    def convert(self):
        for k in range(self.graph.OperatorsLength()):
            op = self.graph.Operators(k)
            code = self.model.OperatorCodes(op.OpcodeIndex())
            kind = OP_NAMES[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
            ins = [int(i) for i in op.InputsAsNumpy()]
            out = int(op.Outputs(0))
            if kind == "DEQUANTIZE":
                self.constants[out] = self.constant(ins[0]).astype(np.float32)
            elif kind in ("CONV_2D", "DEPTHWISE_CONV_2D"):
                self.conv(op, ins, out, kind == "DEPTHWISE_CONV_2D")
            elif kind == "RELU":
                self.emit("Relu", [f"t{ins[0]}"], f"t{out}")
            elif kind == "ADD":
                self.expect(self.shape(ins[0]) == self.shape(ins[1]), "broadcast")
                fused = self.options(op, tflite.AddOptions).FusedActivationFunction()
                name = f"t{out}" if fused == 0 else f"t{out}_linear"
                self.emit("Add", [f"t{i}" for i in ins], name)
                self.activation(fused, name, f"t{out}")
            elif kind == "PAD":
                self.pad(ins, out)
            elif kind == "MAX_POOL_2D":
                self.max_pool(op, ins, out)
            elif kind == "RESIZE_BILINEAR":
                self.resize_bilinear(op, ins, out)
            elif kind == "RESHAPE":
                self.reshape(ins, out)
            elif kind == "CONCATENATION":
                axis = self.options(op, tflite.ConcatenationOptions).Axis()
                self.expect(len(self.shape(out)) == 3, "concatenation of images")
                self.emit("Concat", [f"t{i}" for i in ins], f"t{out}", axis=axis)
            else:
                raise NotImplementedError(kind)
        return self.finish()

    def finish(self):
        (source,) = [int(i) for i in self.graph.InputsAsNumpy()]
        channels = self.shape(source)[3]
        rename = {f"t{source}": "input"}
        outputs = {}
        for i in self.graph.OutputsAsNumpy():
            shape = self.shape(int(i))
            name = {16: "regressors", 1: "scores"}[shape[2]]
            rename[f"t{int(i)}"] = name
            outputs[name] = helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, None, shape[2]])
        for node in self.nodes:
            node.input[:] = [rename.get(n, n) for n in node.input]
            node.output[:] = [rename.get(n, n) for n in node.output]
        graph = helper.make_graph(
            self.nodes,
            "blazeface",
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, channels, "height", "width"])],
            [outputs["regressors"], outputs["scores"]],
            self.weights,
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=8,
            producer_name="convert_blazeface",
        )
        model = onnx.shape_inference.infer_shapes(model, strict_mode=True)
        onnx.checker.check_model(model, full_check=True)
        return model


def check(tflite_path, onnx_path, rounds=5):
    import onnxruntime
    from ai_edge_litert.interpreter import Interpreter

    reference = Interpreter(model_path=tflite_path)
    reference.allocate_tensors()
    source = reference.get_input_details()[0]
    session = onnxruntime.InferenceSession(onnx_path, providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(1)
    worst = {"regressors": 0.0, "scores": 0.0}
    for _ in range(rounds):
        x = rng.uniform(-1, 1, source["shape"]).astype(np.float32)
        reference.set_tensor(source["index"], x)
        reference.invoke()
        ours = session.run(["regressors", "scores"], {"input": x.transpose(0, 3, 1, 2).copy()})
        for detail in reference.get_output_details():
            theirs = reference.get_tensor(detail["index"])
            name, mine = ("regressors", ours[0]) if theirs.shape[2] == 16 else ("scores", ours[1])
            worst[name] = max(worst[name], float(np.abs(theirs - mine).max()))
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tflite")
    parser.add_argument("onnx")
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    model = Converter(args.tflite).convert()
    onnx.save(model, args.onnx)
    if args.check:
        print("largest absolute difference:", check(args.tflite, args.onnx))


if __name__ == "__main__":
    main()
