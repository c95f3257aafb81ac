"""Take the rounded weights out of a trunk that ships, for features of exactly that trunk.

    03_unpack_weights.py --trunk ../models/trunk-clip-b16 --name q5

Rounding again (03_round_weights.py) gives other integers on another processor: errors are passed
on, so the last bits of a sum decide. Writes RUNS/trunk/NAME.npz, and checks that packing it gives
the file back.
"""

import argparse
import hashlib
import os
import tomllib

import numpy as np
import onnx
from onnx import numpy_helper

from lib import crops, graph, paths, trunk, trunk_graph


def unpack_fields(packed, size):
    """Takes numbers of `size` bits [in, out] out of bytes, as trunk_graph.add_fields lays them."""
    pieces = [packed >> (size * k) & (2 ** size - 1) for k in range(8 // size)]
    return np.concatenate(pieces, 1).astype(np.uint8)


def find_biases(model):
    """Maps the name of a layer's matrix to the constant that is added to its product."""
    products = {n.output[0]: n.input[1] for n in model.graph.node if n.op_type == "MatMul"}
    return {products[n.input[0]]: n.input[1] for n in model.graph.node
            if n.op_type == "Add" and n.input[0] in products}


def unpack(model, bits, group):
    """Takes the arrays out of the graph, by the names of lib/trunk.py."""
    init = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    biases = find_biases(model)
    out = {"bits": np.int64(bits), "group": np.int64(group)}
    for name in (f"{i}.{part}" for i in range(trunk.DEPTH) for part in trunk.PARTS):
        whole, below = 0, 0
        for size in (8, 4, 2, 1):
            if bits & size:
                whole = whole + (unpack_fields(init[f"{name}.bits{below}"], size) << below)
                below += size
        out[name], out[name + ".step"] = whole, init[name + ".step"][:, 0]
        out[name + ".bias"] = init[biases[name + ".matrix"]]
    return out | unpack_first(model, init)


def unpack_first(model, init):
    """Takes out what lies before the first block."""
    cast = {n.output[0]: n.input[0] for n in model.graph.node if n.op_type == "Cast"}
    (patch,) = [n.input[1] for n in model.graph.node if n.op_type == "Conv"]
    wide = (1, (crops.SIDE // trunk.PATCH) ** 2 + 1, trunk.WIDTH)
    (places,) = [v for v in init.values() if v.shape == wide]
    gain, offset = [v for v in init.values() if v.shape == (trunk.WIDTH,)][:2]
    places = places[0].astype(np.float32)
    return {"patch": init[cast.get(patch, patch)].astype(np.float32), "class": places[0],
            "place": places[1:], "pre.gain": gain, "pre.offset": offset}


def pack(packed, outputs):
    """Packs the weights as 08_export_trunk.py does."""
    net, side = graph.Graph(), crops.SIDE
    blocks = trunk_graph.add_trunk(net, packed, side, trunk.DEPTH, trunk_graph.pack_layers(packed))
    shape = [1, (side // trunk.PATCH) ** 2 + 1, trunk.WIDTH]
    return net.model([("photo", [1, 3, side, side])],
                     [(b, shape) for b in blocks if b in outputs])


def digest_constants(model):
    """Returns the digests of all constants, sorted: their names and order don't count."""
    values = (numpy_helper.to_array(t) for t in model.graph.initializer)
    return sorted(hashlib.sha256(f"{v.dtype}{v.shape}".encode() + v.tobytes()).hexdigest()
                  for v in values)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", default=paths.RUNS)
    parser.add_argument("--trunk", default=os.path.join(paths.MODELS, "trunk-clip-b16"))
    parser.add_argument("--name", required=True)
    args = parser.parse_args()
    with open(os.path.join(args.trunk, "trunk.toml"), "rb") as f:
        facts = tomllib.load(f)
    model = onnx.load(os.path.join(args.trunk, "trunk.onnx"))
    packed = unpack(model, facts["bits"], facts["group"])
    assert digest_constants(pack(packed, facts["outputs"])) == digest_constants(model)
    print(trunk.write_weights(args.runs, args.name, packed))


if __name__ == "__main__":
    main()
