"""Export the heads as the program reads them: MODELS/NAME/heads.onnx, exit.onnx and model.toml.

    09_export_heads.py --name synthetic-6 --forerunner synthetic-5:0.936:0.915

heads.onnx takes the tokens [1, tokens, 768] behind each block that the heads read, of one crop,
and returns `logits` [1, heads] and `heat` [1, crops, CELLS, CELLS]. exit.onnx takes the tokens
behind one early block and returns one logit. Compares both files with the heads in Python on real
crops, then writes model.toml; the figures in it come from 07_measure_heads.py.
"""

import argparse
import hashlib
import os

import numpy as np
import onnxruntime

from lib import crops, heads, heads_graph, model_files, paths, trunk

TOLERANCE = 0.05  # of a logit: the hidden layers' weights are rounded to int8
CHECKED = 6  # photos whose crops the files are compared on
DATA_NOTE = ("photos of public repositories, several for research only; they train and measure "
             "and are not distributed; face swaps, retouched and restored photos hardly present")


def pool_tokens(tokens):
    """Pools tokens [1, n, WIDTH] to features [1, 3 WIDTH], as trunk_graph.add_pool does."""
    rest = tokens[:, 1:]
    deviation = np.sqrt(rest.var(1) + 1e-6)
    return np.concatenate([tokens[:, 0], rest.mean(1), deviation], 1)


def read_checked_crops(runs):
    """Reads both crops of a few photos with a face: [(name of the crop, pixels)]."""
    folder = os.path.join(runs, "small")
    rows = crops.read_rows(folder)
    pixels, done = crops.open_crops(folder, "clean", len(rows))
    some = [i for i, r in enumerate(rows) if r["faces"] and done[i]]
    return [(crop, pixels[i:i + 1, crops.CROPS.index(crop)])
            for i in some[:: max(1, len(some) // CHECKED)] for crop in ("face", "whole")]


def compare(folder, trunk_folder, runs, kept, facts):
    """Runs trunk and heads on a few crops; returns the largest difference of a logit from the
    heads in Python, which must stay below TOLERANCE."""
    def load(*path):
        return onnxruntime.InferenceSession(os.path.join(*path),
                                            providers=["CPUExecutionProvider"])

    def score(name, x):
        return kept["heads"][name](heads.find_axes(kept, name)(x))[0]

    trunk_net, heads_net, exit_net = (load(trunk_folder, "trunk.onnx"), load(folder, "heads.onnx"),
                                      load(folder, "exit.onnx"))
    names, differences = [o.name for o in trunk_net.get_outputs()], []
    taps, exit_tap = [f"block{b}" for b in facts["blocks"]], f"block{facts['exit']['block']}"
    for crop, pixels in read_checked_crops(runs):
        photo = trunk.normalise_pixels(pixels)
        tokens = dict(zip(names, trunk_net.run(None, {"photo": photo})))
        x = np.concatenate([pool_tokens(tokens[tap]) for tap in taps], 1)
        logits, heat = heads_net.run(None, {tap: tokens[tap] for tap in taps})
        assert np.isfinite(heat).all()
        if crop == "face":
            differences += [logits[0, 0] - score("face", x), logits[0, 2] - score("drawn", x)]
        else:
            logit = exit_net.run(None, {exit_tap: tokens[exit_tap]})[0][0, 0]
            differences += [logits[0, 1] - score("whole", x),
                            logit - score("exit", pool_tokens(tokens[exit_tap]))]
    largest = float(np.abs(differences).max())
    assert largest < TOLERANCE, largest
    return largest


def format_thresholds(facts):
    lines = []
    for t in facts["thresholds"]:
        lines += ["[[threshold]]", f"fpr = {t['fpr']}", f"score = {t['score']:.4f}",
                  f"interval = [{t['interval'][0]:.4f}, {t['interval'][1]:.4f}]",
                  f"# of these photos themselves: {t['point']:.4f}", ""]
    return "\n".join(lines)


def format_exits(facts, digest):
    """Writes the sections of the two early ways out; the digest is that of exit.onnx."""
    exit_facts, alone = facts["exit"], facts["whole_alone"]
    clean = next(name for name in facts["held_out"] if name.endswith("/clean"))
    by_exit, by_whole = exit_facts[clean], alone[clean]
    return f"""\
# exit.onnx reads one tensor of the whole photo's pass. Up to this logit the photo is plainly real
# and nothing further runs: {by_exit['caught_left']:.1%} of the AI-made photos of held-out sources
# over the 1 % threshold leave here, and {by_exit['real_left']:.0%} of the real ones.
[exit]
block = "block{exit_facts['block']}"
sha256 = "{digest}"
logit_max = {exit_facts['logit_max']:.5f}
weight = {exit_facts['weight']:.6g}
bias = {exit_facts['bias']:.6g}

# Up to this logit of the whole photo its face need not be scored: {by_whole['caught_left']:.1%}
# and {by_whole['real_left']:.0%} have left by then.
[whole_alone]
logit_max = {alone['logit_max']:.5f}
weight = {alone['weight']:.6g}
bias = {alone['bias']:.6g}
"""


def describe(args, facts, val, digests):
    """Writes the text of model.toml."""
    weights, drawn = facts["weights"], facts["drawn"]
    taps = ", ".join(f'"block{b}"' for b in facts["blocks"])
    forerunner, auroc, auroc_low = args.forerunner.split(":")
    return f"""name = "{args.name}"
# the folder beside this one with the network under the heads
trunk = "{args.trunk}"
# of heads.onnx
sha256 = "{digests['heads']}"
trained = "{facts['trained']}"
# the colours of every crop are halved first
halve_colours = true
# the trunk's tensors that heads.onnx reads, in the order of its inputs
taps = [{taps}]

{trunk.format_input(crops.SIDE)}
[[look]]
kind = "face"
scale = {crops.FACE_SCALE}
head = 0
weight = {weights[0]:.6g}

[[look]]
kind = "whole"
head = 1
weight = {weights[1]:.6g}

# score = sigmoid(bias + sum of weight * logit), fitted on photos of held-out sources
[calibration]
bias = {facts['bias']:.6g}

{format_exits(facts, digests['exit'])}
# nearly no photo that was measured has a face crop below this sharpness
[face]
sharpness_min = 0.035

# from this logit of the face on it is a drawing: {drawn['rate']:.1%} of held-out photos and
# {drawn['found']:.0%} of {drawn['drawings']} drawings of held-out groups reach it
[drawn]
head = 2
logit = {drawn['logit']:.5f}

# Of {facts['real_photos']} real photos of {facts['real_sources']} held-out sources, clean and worn.
# Each score is the upper end of the 95 % interval over sources.
{format_thresholds(facts)}
[forerunner]
name = "{forerunner}"
auroc = {auroc}
auroc_least = {auroc_low}

# On val of the small pack, by `photocheck eval`; least: lower end of the 95 % interval (Hanley and
# McNeil, 1982).
[reached]
auroc = {val['auroc']:.3f}
auroc_least = {val['auroc_least']:.3f}

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
    parser.add_argument("--runs", default=paths.RUNS)
    parser.add_argument("--models", default=paths.MODELS)
    parser.add_argument("--trunk", default="trunk-clip-b16")
    parser.add_argument("--forerunner", required=True, help="NAME:AUROC:AUROC_LOW")
    parser.add_argument("--name", required=True)
    args = parser.parse_args()
    kept, facts = model_files.read_model(args.runs, args.name)
    val = next(iter(model_files.read_facts(args.runs, args.name + "-val").values()))["cascade"]
    columns = [(heads.find_axes(kept, name), kept["heads"][name])
               for name in ("face", "whole", "drawn")]
    early = [(kept["axes"]["exit"], kept["heads"]["exit"])]
    folder, digests = os.path.join(args.models, args.name), {}
    os.makedirs(folder, exist_ok=True)
    built = {"heads": heads_graph.build_heads(facts["blocks"], columns, 2, crops.SIDE),
             "exit": heads_graph.build_heads([facts["exit"]["block"]], early, 0, crops.SIDE,
                                             "logit")}
    for name, model in built.items():
        model = model.SerializeToString()
        digests[name] = hashlib.sha256(model).hexdigest()
        with open(os.path.join(folder, name + ".onnx"), "wb") as f:
            f.write(model)
        print(f"{name}.onnx: {len(model) / 1e6:.2f} MB")
    largest = compare(folder, os.path.join(args.models, args.trunk), args.runs, kept, facts)
    print(f"largest difference of a logit from Python: {largest:.4f}")
    with open(os.path.join(folder, "model.toml"), "w", encoding="utf-8") as f:
        f.write(describe(args, facts, val, digests))


if __name__ == "__main__":
    main()
