"""Fine-tunes a trunk with its heads, layer by layer slower towards the photo.

    finetune.py --train lives-originals-train,lives-pack-train --trunk thin \\
        --heads RUNS/heads/first.pt --name tuned-1 --hold 0 --minutes 40

Each step draws rows by source weight and one look of each. Weights are averaged over time (EMA)
and kept in RUNS/tuned/NAME.pt together with the optimiser, so that the same command goes on where
it stopped. --hold K keeps fold K out and scores it at each checkpoint; --hold -1 trains on all.
Uses a GPU where there is one.
"""

import argparse
import json
import math
import os
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import backbones
import compare
import data
import export
import features
import heads as head_kinds
import measures


class Tuned(nn.Module):
    """Trunk and one head per look; the head of a row's look is picked."""

    def __init__(self, trunk, heads):
        super().__init__()
        self.trunk = trunk
        self.heads = nn.ModuleList([heads[k] for k in sorted(heads)])

    def forward(self, x):
        f = backbones.pooled(self.trunk(x))
        return torch.cat([h(f) for h in self.heads], 1)


def layers_of(trunk):
    """Groups of the trunk's parameters, from the photo upwards."""
    if isinstance(trunk, backbones.ResNetThin):
        return [trunk.stem] + list(trunk.stages)
    blocks, ends = list(trunk.blocks), [e + 1 for e in trunk.ends]
    cuts = [0] + ends
    parts = [nn.ModuleList(blocks[a:b]) for a, b in zip(cuts, cuts[1:])]
    return [trunk.stem] + parts + [trunk.head]


def parameter_groups(net, rate, decay, frozen, head_rate):
    """The topmost layer learns at `rate`, each one below slower by `decay`; `frozen` not at all."""
    layers = layers_of(net.trunk)
    groups = []
    for depth, layer in enumerate(layers):
        if depth < frozen:
            layer.requires_grad_(False)
            continue
        groups.append({"params": list(layer.parameters()),
                       "lr": rate * decay ** (len(layers) - 1 - depth)})
    groups.append({"params": list(net.heads.parameters()), "lr": head_rate, "weight_decay": 0.05})
    return groups


def table_of(args):
    """Every cut row of the sets: which set, photo, life; label, weight, fold."""
    sets, parts = [], []
    for number, name in enumerate(args.train.split(",")):
        head, pixels, done = features.open_set(args.runs, name)
        have = (done[:, :, args.look_numbers] == 1).all(2)
        photo, life = np.nonzero(have)
        rows = head["rows"]
        parts.append({
            "at": np.stack([np.full(len(photo), number), photo, life], 1),
            "label": np.array([rows[i]["label"] for i in photo]),
            "source": np.array([rows[i]["source"] for i in photo]),
            "generator": np.array([rows[i]["generator"] for i in photo]),
            "path": np.array([rows[i]["path"] for i in photo]),
        })
        sets.append((head, pixels))
    table = {k: np.concatenate([p[k] for p in parts]) for k in parts[0]}
    table["group"] = np.array([data.GROUPS.get(s, s) for s in table["source"]])
    return sets, table


def batch_of(sets, at, look, rng, train):
    """Pixels of the rows; mirrored, shifted and partly erased when training."""
    out = []
    for (number, photo, life), k in zip(at, look):
        pixels = sets[number][1][photo, life, k]
        if train:
            if rng.random() < 0.5:
                pixels = pixels[:, ::-1]
            dy, dx = rng.integers(-12, 13, 2)
            pixels = np.roll(np.pad(pixels, ((12, 12), (12, 12), (0, 0)), "reflect"),
                             (dy, dx), (0, 1))[12:-12, 12:-12]
            if rng.random() < 0.25:
                pixels = pixels.copy()
                h, w = rng.integers(20, 110, 2)
                y, x = rng.integers(0, 224 - h), rng.integers(0, 224 - w)
                pixels[y : y + h, x : x + w] = rng.integers(0, 256, 3)
        out.append(pixels)
    return np.stack(out)


def to_input(pixels, norm, device):
    x = torch.from_numpy(np.ascontiguousarray(pixels)).to(device).permute(0, 3, 1, 2).float()
    return (x - norm[0]) / norm[1]


@torch.no_grad()
def scored(net, sets, at, args, norm, device):
    """[rows, looks] logits."""
    net.eval()
    out = []
    for start in range(0, len(at), 32):
        some = at[start : start + 32]
        columns = []
        for column, look in enumerate(args.look_numbers):
            pixels = batch_of(sets, some, [look] * len(some), None, False)
            columns.append(net(to_input(pixels, norm, device))[:, column])
        out.append(torch.stack(columns, 1).cpu())
    return torch.cat(out).numpy()


def report(net, sets, table, rows, args, norm, device, text):
    logits = scored(net, sets, table["at"][rows], args, norm, device).sum(1)
    labels = table["label"][rows]
    part = {k: table[k][rows] for k in ("label", "source", "generator")}
    weights = head_kinds.row_weights(part, 0)
    line = {"at": text, "rows": len(rows), "auroc": measures.auroc(labels, logits),
            "by_source": measures.auroc(labels, logits, weights),
            "tpr_1": measures.tpr_at(labels, logits, 0.01),
            "tpr_5": measures.tpr_at(labels, logits, 0.05)}
    print(json.dumps({k: round(v, 4) if isinstance(v, float) else v for k, v in line.items()}),
          flush=True)
    with open(os.path.join(args.runs, "tuned", args.name + ".log"), "a", encoding="utf-8") as f:
        f.write(json.dumps(line) + "\n")


def start(args, device):
    net = Tuned(backbones.build(args.trunk), export.load_heads(args.heads)).to(device)
    groups = parameter_groups(net, args.rate, args.layer_decay, args.frozen, args.head_rate)
    optimiser = torch.optim.AdamW(groups, weight_decay=1e-4)
    for g in optimiser.param_groups:
        g["peak"] = g["lr"]
    average = {k: v.clone() for k, v in net.state_dict().items()}
    path, step = os.path.join(args.runs, "tuned", args.name + ".pt"), 0
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.exists(path):
        kept = torch.load(path, map_location=device)
        net.load_state_dict(kept["net"])
        optimiser.load_state_dict(kept["optimiser"])
        average, step = kept["average"], kept["step"]
    return net, optimiser, average, step, path


def set_rate(optimiser, step, args):
    """Warm up, then a cosine to a twentieth over --steps."""
    if step < args.warm:
        factor = (step + 1) / args.warm
    else:
        gone = min(1.0, (step - args.warm) / max(1, args.steps - args.warm))
        factor = 0.05 + 0.95 * (0.5 + 0.5 * math.cos(math.pi * gone))
    for g in optimiser.param_groups:
        g["lr"] = g["peak"] * factor


def averaged(net, average):
    """The network with the averaged weights, beside the one that learns."""
    import copy

    other = copy.deepcopy(net)
    other.load_state_dict(average)
    return other


def train(args):
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_num_threads(args.threads)
    sets, table = table_of(args)
    fold = compare.fold_numbers(table)
    fit = np.flatnonzero(fold != args.hold)
    held = np.flatnonzero(fold == args.hold)
    held = np.random.default_rng(0).permutation(held)[: args.held_most]
    weights = head_kinds.row_weights({k: v[fit] for k, v in table.items()}, args.power)
    chance = weights / weights.sum()
    norm = [torch.from_numpy(v).to(device) for v in features.norms(args.trunk)]
    net, optimiser, average, step, path = start(args, device)
    end, shown = data.deadline(args), time.time()
    rng = np.random.default_rng(1000 + step)
    losses = []
    if len(held) and step == 0:
        report(net, sets, table, held, args, norm, device, 0)
    while step < args.steps and time.time() < end:
        set_rate(optimiser, step, args)
        net.train()
        some = fit[rng.choice(len(fit), args.batch, p=chance)]
        column = rng.integers(0, len(args.look_numbers), args.batch)
        look = [args.look_numbers[c] for c in column]
        pixels = batch_of(sets, table["at"][some], look, rng, True)
        y = torch.from_numpy(table["label"][some]).float().to(device) * 0.94 + 0.03
        logit = net(to_input(pixels, norm, device))
        own = 2.0 * logit[torch.arange(args.batch), torch.from_numpy(column)]
        loss = F.binary_cross_entropy_with_logits(own, y)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        step += 1
        keep = min(args.ema, (1 + step) / (10 + step))
        with torch.no_grad():
            for k, v in net.state_dict().items():
                average[k].mul_(keep).add_(v, alpha=1 - keep)
        losses.append(loss.item())
        if step % 50 == 0:
            rate = 50 * args.batch / (time.time() - shown)
            print(f"step {step} loss {np.mean(losses[-50:]):.4f} {rate:.1f} looks/s", flush=True)
            shown = time.time()
        if step % args.every == 0 or step == args.steps or time.time() >= end:
            torch.save({"net": net.state_dict(), "optimiser": optimiser.state_dict(),
                        "average": average, "step": step, "args": vars(args)}, path)
            if len(held):
                report(averaged(net, average), sets, table, held, args, norm, device, step)
            shown = time.time()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    data.add_arguments(parser)
    parser.add_argument("--train", required=True)
    parser.add_argument("--trunk", default="thin")
    parser.add_argument("--heads", required=True)
    parser.add_argument("--look-numbers", default=[0, 1],
                        type=lambda t: [int(v) for v in t.split(",")])
    parser.add_argument("--name", required=True)
    parser.add_argument("--hold", type=int, default=0)
    parser.add_argument("--held-most", type=int, default=1500)
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--layer-decay", type=float, default=0.6)
    parser.add_argument("--head-rate", type=float, default=1e-4)
    parser.add_argument("--frozen", type=int, default=2, help="layers that stay as they are")
    parser.add_argument("--power", type=float, default=0.3)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--warm", type=int, default=200)
    parser.add_argument("--every", type=int, default=500)
    parser.add_argument("--ema", type=float, default=0.998)
    parser.add_argument("--threads", type=int, default=2)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
