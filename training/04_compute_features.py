"""Compute the trunk's pooled features of crops, kept as f16.

    04_compute_features.py --set small --weights q5 --perturbation clean --crop whole

The trunk runs in OpenVINO with bfloat16 products, which change the features by some 3 % of their
deviation; ONNX Runtime's int8 activations change them ten times as much. Writes what
lib/features.py describes. Continues where it stopped; with --wait it also waits for crops that are
still being cut.
"""

import argparse
import os
import time

import openvino

from lib import crops, features, graph, paths, trunk, trunk_graph


def build_model(runs, name, side, depth):
    """Builds the graph from a photo [1, 3, side, side] to features [1, depth * 3 WIDTH]."""
    net, weights = graph.Graph(), trunk.read_weights(runs, name)
    rounded = "bits" in weights
    layers = (trunk_graph.widen_layers if rounded else trunk_graph.fold_layers)(weights)
    blocks = trunk_graph.add_trunk(net, weights, side, depth, layers)
    parts = [trunk_graph.add_pool(net, block, side) for block in blocks]
    net.op("Concat", *parts, axis=1, name="features")
    return net.model([("photo", [1, 3, side, side])], [("features", [1, depth * 3 * trunk.WIDTH])])


def compile_model(model, precision="bf16"):
    core = openvino.Core()
    net = core.read_model(model.SerializeToString(), b"")
    hints = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": precision}
    return core.compile_model(net, "CPU", hints).create_infer_request()


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", default=paths.RUNS)
    parser.add_argument("--set", choices=["small", "originals"], default="small")
    parser.add_argument("--weights", default="q5", help="NAME of RUNS/trunk/NAME.npz")
    parser.add_argument("--perturbation", default="clean")
    parser.add_argument("--split", help="only photos of this split")
    parser.add_argument("--crop", choices=crops.CROPS, required=True)
    parser.add_argument("--wait", action="store_true")
    return parser.parse_args()


def main():
    args = parse_arguments()
    folder = os.path.join(args.runs, args.set)
    rows = crops.read_rows(folder)
    which = crops.CROPS.index(args.crop)
    pixels, cut = crops.open_crops(folder, args.perturbation, len(rows))
    base = features.locate_features(folder, args.weights, args.perturbation, args.crop)
    os.makedirs(os.path.dirname(base), exist_ok=True)
    new = not os.path.exists(base + ".done.u8")
    found, done = features.open_features(base, len(rows), "w+" if new else "r+")
    net = compile_model(build_model(args.runs, args.weights, crops.SIDE, trunk.DEPTH))
    todo = [i for i, r in enumerate(rows) if not done[i] and (args.crop == "whole" or r["faces"])
            and args.split in (None, r["split"])]
    started, count = time.process_time(), 0
    for i in todo:
        while args.wait and not cut[i]:
            time.sleep(1)
        if not cut[i]:
            continue
        out = net.infer({0: trunk.normalise_pixels(pixels[i:i + 1, which])})[0]
        found[i], done[i], count = out.reshape(found.shape[1:]), 1, count + 1
        if count % 500 == 0:
            spent = (time.process_time() - started) / count * 1e3
            print(f"{args.perturbation} {args.crop}: {count}/{len(todo)}, {spent:.0f} ms",
                  flush=True)


if __name__ == "__main__":
    main()
