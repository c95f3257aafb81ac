"""Pooled features of the trunk over crops, kept as f16.

    features.py --set small --weights q5 --history clean --crop whole

Writes RUNS/SET/features/WEIGHTS/HISTORY-CROP.f16 ([photo, block, 3, 768]: class token, mean and
deviation of the patch tokens behind each block) and the same .done.u8 ([photo]). The trunk runs
in OpenVINO with bfloat16 products, which move the features by some 3 % of their deviation; ONNX
Runtime's int8 activations moved them ten times as far. Goes on where it stopped; with --wait it
also waits for crops that are being cut.
"""

import argparse
import os
import time

import numpy as np

import crops
import data
import trunk

WIDTH = 3 * trunk.WIDTH


def features_model(runs, weights, side, depth):
    """photo [1, 3, side, side] to features [1, depth * WIDTH], block by block."""
    graph, numbers = trunk.Graph(), trunk.read(runs, weights)
    layers = trunk.widened_layers(numbers) if "bits" in numbers else None
    blocks = trunk.tower(graph, numbers, side, depth, layers)
    parts = [trunk.pooled(graph, block, side) for block in blocks]
    graph.op("Concat", *parts, axis=1, name="features")
    return graph.model([("photo", [1, 3, side, side])], [("features", [1, depth * WIDTH])])


def compiled(model, precision="bf16"):
    import openvino

    core = openvino.Core()
    net = core.read_model(model.SerializeToString(), b"")
    hints = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": precision}
    return core.compile_model(net, "CPU", hints).create_infer_request()


def normalised(pixels):
    """uint8 [n, s, s, 3] to float [n, 3, s, s]."""
    scaled = pixels.astype(np.float32) / 255 - np.array(trunk.MEAN, np.float32)
    return np.ascontiguousarray((scaled / np.array(trunk.STD, np.float32)).transpose(0, 3, 1, 2))


def path_of(runs, weights, history, crop):
    return os.path.join(runs, "features", weights, f"{history}-{crop}")


def arrays(base, count, mode, depth=trunk.DEPTH):
    found = np.memmap(base + ".f16", np.float16, mode, shape=(count, depth, 3, trunk.WIDTH))
    done = np.memmap(base + ".done.u8", np.uint8, mode, shape=(count,))
    return found, done


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", default=os.path.join(data.HERE, "runs"))
    parser.add_argument("--set", choices=["small", "originals"], default="small")
    parser.add_argument("--weights", default="q5", help="as trunk.py and quantise.py name them")
    parser.add_argument("--history", default="clean")
    parser.add_argument("--split", help="only that one's photos")
    parser.add_argument("--crop", choices=crops.CROPS, required=True)
    parser.add_argument("--wait", action="store_true")
    args = parser.parse_args()
    runs = os.path.join(args.runs, args.set)
    rows = crops.photos_of(runs)
    which = crops.CROPS.index(args.crop)
    pixels, cut = crops.arrays(runs, args.history, len(rows), "r")
    base = path_of(runs, args.weights, args.history, args.crop)
    os.makedirs(os.path.dirname(base), exist_ok=True)
    new = not os.path.exists(base + ".done.u8")
    found, done = arrays(base, len(rows), "w+" if new else "r+")
    net = compiled(features_model(args.runs, args.weights, crops.SIDE, trunk.DEPTH))
    todo = [i for i, r in enumerate(rows) if not done[i] and (which == 0 or r["faces"])
            and args.split in (None, r["split"])]
    started, made = time.process_time(), 0
    for i in todo:
        while args.wait and not cut[i]:
            time.sleep(1)
        if not cut[i]:
            continue
        out = net.infer({0: normalised(pixels[i:i + 1, which])})[0]
        found[i], done[i], made = out.reshape(found.shape[1:]), 1, made + 1
        if made % 500 == 0:
            spent = (time.process_time() - started) / made * 1e3
            print(f"{args.history} {args.crop}: {made}/{len(todo)}, {spent:.0f} ms", flush=True)


if __name__ == "__main__":
    main()
