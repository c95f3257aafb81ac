"""Tune the trunk on a GPU together with its heads, judged on folds of groups of sources.

    python -m tuning.tune --parcels PARCELS --crops CROPS --weights W --out OUT --stage screen
    python -m tuning.tune --parcels PARCELS --crops CROPS --weights W --out OUT --stage frozen
    python -m tuning.tune --parcels PARCELS --crops CROPS --weights W --out OUT --stage final \\
        --method lora

Fits the heads on the trunk as it is first, then tunes trunk and heads together. `screen` compares
methods on a few folds. `frozen` writes into OUT/frozen what `final` does, for the trunk as it is.
`final` does that first, then tunes all folds and one model on everything, goes the share of the way
to them that is best on held-out photos, rounds them to a few bits, and keeps the logits that each
rounded model returns for photos of groups that it had not seen: calibration and thresholds come
from those (calibrate.py). Photos of val are only scored.
Writes into OUT: STAGE-logits.npz, STAGE.json, final-heads.npz and final-trunk-K.npz (the rounded
trunk in parts).
"""

import argparse
import json
import os
import time

import numpy as np
import torch

from lib import table as tables
from lib import trunk
from tuning import cut_crops, heads, reports, rounding
from tuning import trunk as torch_trunk
from tuning.device import DEVICE, SCORING_DTYPE, STARTED, log
from tuning.photos import HELD_OUT_ROUNDS
from tuning.trainer import EVERYTHING, PIECE, Trainer, map_pieces

PARTS = 4  # files of the rounded trunk


def write_arrays(args, name, **arrays):
    np.savez(os.path.join(args.out, name + ".npz"), **arrays)


def write_json(args, name, found):
    with open(os.path.join(args.out, name + ".json"), "w", encoding="utf-8") as f:
        json.dump(found, f, indent=1)


def seconds_left(args):
    return args.seconds - (time.time() - STARTED)


def describe_rows(photos):
    """Returns what calibrate.py has to know of the rows."""
    return {"key": np.array([key[:16] for key in photos.keys]).astype("S16"),
            "fold": photos.fold, "label": photos.table.label.astype(np.int8),
            "split": photos.table.split.astype("S9")}


def parse_method(text):
    """Splits METHOD or METHOD:RATE."""
    method, _, rate = text.partition(":")
    return method, float(rate) if rate else None


def screen(args):
    """Compares methods of tuning on a few folds."""
    trainer = Trainer(args)
    p, frozen = trainer.photos, trainer.load_first_heads()
    folds, methods = [int(k) for k in args.folds.split(",")], args.method.split(",")
    found = {"frozen, all folds": reports.report("frozen all", p, frozen),
             "frozen": reports.report("frozen", p, frozen, folds)}
    saved = {"frozen": frozen.astype(np.float16)}
    write_arrays(args, "screen-logits", **describe_rows(p), **saved)
    for at, text in enumerate(methods):
        method, rate = parse_method(text)
        seconds = (seconds_left(args) - 15) / (len(methods) - at) / len(folds) - 6
        logits = np.full((p.count, HELD_OUT_ROUNDS, 3), np.nan, np.float32)
        for fold in folds:
            delta, tuned = trainer.tune(method, fold, args.steps, seconds, rate)
            rows = np.flatnonzero(p.fold == fold)
            with torch.no_grad():
                layers = delta.change_layers(trainer.blocks, SCORING_DTYPE)
                logits[rows] = trainer.score(layers, tuned, rows, range(HELD_OUT_ROUNDS))
            del delta, layers
        found[text] = reports.report(text, p, logits, folds)
        saved[text.replace(":", "-")] = logits.astype(np.float16)
        write_arrays(args, "screen-logits", **describe_rows(p), **saved)
        write_json(args, "screen", found)


def keep_frozen(args):
    """Writes the first heads and their logits, as `final` writes those of tuned models."""
    trainer = Trainer(args)
    write_frozen(args, trainer, trainer.load_first_heads())


def write_frozen(args, trainer, frozen):
    """Writes what `final` writes, of the trunk as it is, into OUT/frozen; returns the figures."""
    p, args = trainer.photos, argparse.Namespace(**vars(args))
    args.out = os.path.join(args.out, "frozen")
    os.makedirs(args.out, exist_ok=True)
    found = {"frozen": reports.report("frozen", p, frozen), "rows": count_rows(p)}
    layers, kept = trainer.cast_layers(trainer.blocks), trainer.copy_heads(EVERYTHING).eval()
    val = score_val(trainer, layers, kept, "frozen")
    drawn, drawn_logits = fit_drawn(trainer, layers, torch_trunk.norm_centred)
    write_heads(args, kept, drawn)
    write_arrays(args, "final-logits", **describe_rows(p), held_out=frozen, val=val,
                 drawn=drawn_logits)
    write_json(args, "final", found)
    log("frozen is written")
    return found


def count_rows(photos):
    """Counts the crops' photos and rounds that are trained on."""
    return int(photos.have.cpu().numpy()[photos.fits].sum())


def fit_drawn(trainer, layers, norm):
    """Fits a linear head of the face crop for drawings, as 06_fit_heads.py does; returns it and
    its held-out logits."""
    p, table = trainer.photos, trainer.photos.table
    drawing = table.kind == "drawing"
    usable = table.face & (p.fits | drawing)
    rows = np.flatnonzero(table.face)
    where = torch.from_numpy(rows).to(DEVICE)
    head = heads.Head(trainer.axes["face"])
    z = []
    for at in range(0, len(rows), PIECE):
        pixels = p.pixels[where[at:at + PIECE], 0, 1]
        z += map_pieces(lambda x: head.rotate(trainer.run(x, layers, norm)[0]), pixels)
    z, label = torch.cat(z), torch.from_numpy(drawing[rows]).float().to(DEVICE)
    fold = p.fold.copy()
    for k, name in enumerate(sorted(set(table.source[drawing]))):
        fold[drawing & (table.source == name)] = k % tables.FOLDS
    logits = np.full(p.count, np.nan, np.float32)
    for k in list(range(tables.FOLDS)) + [EVERYTHING]:
        fit_on = torch.from_numpy((usable & (fold != k))[rows]).to(DEVICE)
        theta = heads.fit_linear(z[fit_on], label[fit_on])
        here = (fold == k)[rows]
        found = (z @ theta[:-1] + theta[-1]).cpu().numpy()
        logits[rows[here]] = found[here]
    weights = (trainer.axes["face"]["rotation"] @ theta[:-1]).cpu().numpy()
    return {"weights": weights, "bias": theta[-1].cpu().numpy()}, logits


def tune_all(args, trainer, order):
    """Tunes the model on everything first, so that it gets its steps whatever happens, then one
    for each fold. Returns for each the layers to be rounded and the heads."""
    p, models = trainer.photos, {}
    method, rate = parse_method(args.method)
    val = np.flatnonzero(p.val)
    for at, fold in enumerate(order):
        seconds = (seconds_left(args) - args.spare) / (len(order) - at)
        steps = args.steps
        if fold == EVERYTHING:
            seconds, steps = seconds * 1.2, steps * 5 // 4
        delta, tuned = trainer.tune(method, fold, steps, seconds, rate)
        models[fold] = delta.change_for_rounding(trainer.blocks), tuned
        if fold == EVERYTHING:
            if args.cache and method != "full":  # too large to be sent back with the rest
                np.savez(args.cache + "-delta.npz", **{k: v.detach().half().cpu().numpy()
                                                       for k, v in delta.learned.items()})
            with torch.no_grad():
                layers = delta.change_layers(trainer.blocks, SCORING_DTYPE)
                logits = trainer.score(layers, tuned, val, range(HELD_OUT_ROUNDS))
                reports.report_val("unrounded", p, logits, val)
        del delta
    log("tuned")
    if DEVICE == "cuda":
        torch.cuda.empty_cache()
    return models


def mix_model(trainer, model, fold, share):
    """Returns the model of a fold, `share` of the way from the trunk and heads as they were to the
    tuned ones (Wortsman et al., "Robust fine-tuning of zero-shot models", 2022)."""
    layers = [{p: tuple(torch.lerp(first, last, share) for first, last in zip(start[p], end[p]))
               for p in start} for start, end in zip(trainer.blocks, model[0])]
    mixed = trainer.copy_heads(fold).eval()
    with torch.no_grad():
        for first, last in zip(mixed.parameters(), model[1].parameters()):
            first.lerp_(last, share)
    return layers, mixed


def choose_share(args, trainer, models):
    """Reports held-out photos for each of --shares; returns the share with the highest mean of the
    TPR at 1 % FPR over packs and rounds, and the figures."""
    p, found, means = trainer.photos, {}, {}
    for share in (float(v) for v in args.shares.split(",")):
        logits = np.full((p.count, HELD_OUT_ROUNDS, 3), np.nan, np.float32)
        for fold in range(tables.FOLDS):
            rows = np.flatnonzero(p.fold == fold)
            layers, mixed = mix_model(trainer, models[fold], fold, share)
            with torch.no_grad():
                logits[rows] = trainer.score(trainer.cast_layers(layers), mixed, rows,
                                             range(HELD_OUT_ROUNDS))
        found[f"share {share}"] = reports.report(f"share {share}", p, logits)
        means[share] = np.mean([figures[1] for figures in found[f"share {share}"].values()])
    return max(means, key=means.get), found


def round_all(args, trainer, models, order):
    """Rounds all models on tokens of some photos; returns for each {name: array}."""
    p = trainer.photos
    usable = np.flatnonzero(p.fits & p.table.face)
    some = usable[np.linspace(0, len(usable) - 1, args.moments).astype(int)]
    pixels = torch.stack([p.pixels[i, n % HELD_OUT_ROUNDS, n % 2] for n, i in enumerate(some)])
    with torch.no_grad():
        packed = rounding.round_trunks(trainer.embedding(pixels), [models[k][0] for k in order],
                                       args.bits, args.group)
    log("rounded")
    return packed


def score_val(trainer, layers, tuned, name="rounded"):
    """Scores val under every perturbation that is measured; returns logits [photo, …]."""
    p, val = trainer.photos, np.flatnonzero(trainer.photos.val)
    logits = np.full((p.count, len(cut_crops.MEASURED), 3), np.nan, np.float32)
    rounds = [k for k, number in enumerate(p.rounds) if number < len(cut_crops.MEASURED)]
    at = np.ix_(val, [p.rounds[k] for k in rounds])
    logits[at] = trainer.score(layers, tuned, val, rounds, torch_trunk.norm_centred)
    reports.report_val(name, p, logits[val], val)
    return logits[val]


def compare_rounding(trainer, model, logits):
    """Reports fold 0 by its model before it was rounded, beside its rounded logits."""
    p, rows = trainer.photos, np.flatnonzero(trainer.photos.fold == 0)
    unrounded = np.full(logits.shape, np.nan, np.float32)
    with torch.no_grad():
        layers = trainer.cast_layers(model[0])
        unrounded[rows] = trainer.score(layers, model[1], rows, range(HELD_OUT_ROUNDS))
    return {"unrounded, fold 0": reports.report("unrounded", p, unrounded, [0]),
            "rounded, fold 0": reports.report("rounded", p, logits, [0])}


def final(args):
    """Tunes, rounds and scores the model on everything and that of each fold."""
    trainer = Trainer(args)
    p, frozen = trainer.photos, trainer.load_first_heads()
    found = write_frozen(args, trainer, frozen)
    order = [EVERYTHING] + list(range(tables.FOLDS))
    models = tune_all(args, trainer, order)
    share, shares = choose_share(args, trainer, models)
    found |= shares | {"share": share}
    models = {k: mix_model(trainer, models[k], k, share) for k in order}
    packed = dict(zip(order, round_all(args, trainer, models, order)))
    write_trunk(args, trainer.weights, packed[EVERYTHING])
    write_heads(args, models[EVERYTHING][1])
    log("saved")
    norm = torch_trunk.norm_centred
    layers = rounding.widen_layers(packed[EVERYTHING], args.bits, SCORING_DTYPE, DEVICE)
    val = score_val(trainer, layers, models[EVERYTHING][1])
    drawn, drawn_logits = fit_drawn(trainer, layers, norm)
    write_heads(args, models[EVERYTHING][1], drawn)
    log("drawings")
    logits = np.full((p.count, HELD_OUT_ROUNDS, 3), np.nan, np.float32)
    for fold in range(tables.FOLDS):
        rows = np.flatnonzero(p.fold == fold)
        layers = rounding.widen_layers(packed[fold], args.bits, SCORING_DTYPE, DEVICE)
        logits[rows] = trainer.score(layers, models[fold][1], rows, range(HELD_OUT_ROUNDS), norm)
        if fold == 0:
            found |= compare_rounding(trainer, models[0], logits)
        write_arrays(args, "final-logits", **describe_rows(p), held_out=logits, val=val,
                     drawn=drawn_logits, frozen=frozen.astype(np.float16))
    found["rounded"] = reports.report("rounded, all folds", p, logits)
    write_json(args, "final", found)
    log("done")


def write_trunk(args, weights, packed):
    """Writes the rounded trunk in a few files of about the same size."""
    kept = {k: weights[k] for k in trunk.KEPT}
    kept["patch"], kept["place"] = (kept[k].astype(np.float16) for k in ("patch", "place"))
    kept |= {"bits": np.int64(args.bits), "group": np.int64(args.group)} | packed
    sizes = np.cumsum([v.nbytes for v in kept.values()])
    parts = np.minimum((sizes / sizes[-1] * PARTS).astype(int), PARTS - 1)
    for k in range(PARTS):
        np.savez_compressed(os.path.join(args.out, f"final-trunk-{k}.npz"),
                            **{name: kept[name] for name, at in zip(kept, parts) if at == k})


def write_heads(args, tuned, drawn=None):
    """Writes the heads' first layers from the features on: the rotations are multiplied in."""
    out = {f"drawn.{k}": v for k, v in (drawn or {}).items()}
    for name, head in tuned.items():
        with torch.no_grad():
            out[name + ".a"] = (head.rotation @ head.a).half().cpu().numpy()
        for k in ("mean", "deviation", "b", "c", "d"):
            out[f"{name}.{k}"] = getattr(head, k).detach().cpu().numpy()
    np.savez_compressed(os.path.join(args.out, "final-heads.npz"), **out)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parcels", required=True)
    parser.add_argument("--crops", required=True, help="what cut_crops.py wrote")
    parser.add_argument("--weights", required=True,
                        help="files of the arrays of 01_lift_weights.py or 03_unpack_weights.py")
    parser.add_argument("--out", required=True)
    parser.add_argument("--stage", choices=["screen", "frozen", "final"], required=True)
    parser.add_argument("--method", default="lora,norm,full", help="METHOD or METHOD:RATE, …")
    parser.add_argument("--folds", default="0,2", help="folds that are screened")
    parser.add_argument("--seconds", type=float, default=250)
    parser.add_argument("--spare", type=float, default=75, help="seconds for all after tuning")
    parser.add_argument("--shares", default="0.3,0.5,0.7,1",
                        help="of the way from the trunk as it is to the tuned one, to choose from")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--epochs", type=int, default=12, help="of the first heads")
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--noise", type=float, default=0.5)
    parser.add_argument("--smooth", type=float, default=0.03)
    parser.add_argument("--head-rate", type=float, default=5e-4)
    parser.add_argument("--moments", type=int, default=96, help="photos that rounding goes by")
    parser.add_argument("--bits", type=int, default=5)
    parser.add_argument("--group", type=int, default=64)
    parser.add_argument("--cache", help="file that keeps the first heads between stages")
    parser.add_argument("--limit", type=int, default=0, help="photos, for a try")
    return parser.parse_args()


def main():
    args = parse_arguments()
    os.makedirs(args.out, exist_ok=True)
    {"screen": screen, "frozen": keep_frozen, "final": final}[args.stage](args)


if __name__ == "__main__":
    main()
