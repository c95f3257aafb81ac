"""Tunes the trunk with its heads, slower towards the photo, on squares that live ever new lives.

    tune.py --squares first --name tuned --hold 0 --folds 3 --steps 1000
    tune.py --squares first --name tuned --hold -1 --minutes 60

Both looks of a photo are drawn together; their logits are added, as they are when a photo is
scored. The heads alone learn first, on the frozen trunk, then all of it. Weights are averaged over
time (EMA). --hold K keeps fold K of --folds out and scores it at the end; --hold -1 trains on all.
Writes RUNS/tuned/NAME.pt, from which the same command goes on where it stopped, and NAME-f16.pt
with the averaged trunk and heads. Uses a GPU where there is one: an H200 tuned some 2,600
photos a second, two busy cores 4 to 9.
"""

import argparse
import copy
import io
import json
import math
import os
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

import backbones
import compare
import data
import features
import heads as head_kinds
import measures
import quick_lives
import traces

SIDE = 224  # of a look
CUT = 288  # of a window before its life
STORE = 320  # room for the largest stored square
GROUP = 16  # photos that share a size in their life


class Tuned(nn.Module):
    """Trunk, traces and one head per look: two squares of a photo to their two logits."""

    def __init__(self, trunk, hidden):
        super().__init__()
        self.trunk = trunk
        self.traces = traces.Traces()
        width = 2 * sum(backbones.ResNetThin.WIDTHS) + traces.WIDTH
        empty = torch.zeros(width), torch.ones(width)
        self.heads = nn.ModuleList([head_kinds.Head(*empty, hidden, 0.5) for _ in range(2)])
        mean, std = features.norms("thin")
        self.register_buffer("mean", torch.from_numpy(mean)[None])
        self.register_buffer("std", torch.from_numpy(std)[None])

    def features(self, pixels, tune=True):
        """[n, width] of pixels [n, 3, SIDE, SIDE] from 0 to 255."""
        x = ((pixels - self.mean) / self.std).to(memory_format=torch.channels_last)
        with torch.set_grad_enabled(tune):
            with torch.autocast(x.device.type, torch.bfloat16, enabled=x.is_cuda):
                maps = self.trunk(x)
            deep = backbones.pooled([m.float() for m in maps])
        with torch.no_grad():
            fine = self.traces(pixels)
        return torch.cat([deep, fine], 1)

    def standardised(self, x, look):
        head = self.heads[look]
        return ((x - head.mean) / head.std).clamp(-8, 8)


def trunk_of(path):
    """The pretrained trunk, or the one of a file that `finish` wrote."""
    if not path:
        return backbones.build("thin")
    trunk = backbones.ResNetThin()
    kept = torch.load(path, weights_only=False)["trunk"]
    trunk.load_state_dict({k: v.float() for k, v in kept.items()})
    return trunk


class Squares:
    """All stored squares as one tensor of bytes, and what is known of each photo."""

    def __init__(self, args, device):
        path = os.path.join(args.runs, "squares", args.squares)
        with open(path + ".json", encoding="utf-8") as f:
            rows = json.load(f)
        self.device = device
        self.store = decoded(rows, path + ".bin").to(device)
        self.sides = torch.tensor([r["sides"] for r in rows], dtype=torch.float32, device=device)
        self.centre = torch.tensor([r["centre"] for r in rows], device=device)
        self.box = torch.tensor([r["box_side"] for r in rows], device=device)
        self.label = torch.tensor([r["label"] for r in rows], device=device)
        self.table = {k: np.array([r[k] for r in rows])
                      for k in ("label", "source", "generator", "path")}
        self.table["group"] = np.array([data.GROUPS.get(s, s) for s in self.table["source"]])

    def windows(self, some, look, spread):
        """[n, 3]: where the look lies in its stored square, jittered by up to `spread`."""
        n, stored = len(some), self.sides[some, look]
        draw = torch.rand(n, 3, device=self.device) * 2 - 1
        if look == 0:
            side = 1.6 * self.box[some] * torch.exp(1.5 * spread * draw[:, 2])
            side = torch.minimum(side, stored)
            corner = self.centre[some] + draw[:, :2] * spread * self.box[some, None]
            corner = corner - side[:, None] / 2
        else:
            keep = 1 - (draw[:, 2].abs() * 3 * spread if spread else 0)
            side = stored * keep
            corner = (stored - side)[:, None] * (draw[:, :2] + 1) / 2
        corner = torch.minimum(corner.clamp(min=0), (stored - side)[:, None])
        return torch.cat([corner, side[:, None]], 1)

    def cut(self, some, spread, mirror):
        """[2, n, 3, CUT, CUT]: both looks of some photos."""
        turned = torch.rand(len(some), device=self.device) < (0.5 if mirror else 0.0)
        return torch.stack([
            quick_lives.cut(self.store[some, look].float(), self.windows(some, look, spread),
                            turned, CUT).round() for look in (0, 1)])


def decoded(rows, path):
    """[n, 2, 3, STORE, STORE]: the stored squares, each in its upper left corner."""
    with open(path, "rb") as f:
        whole = f.read()
    store = torch.zeros(len(rows), 2, 3, STORE, STORE, dtype=torch.uint8)

    def one(i):
        for look, (at, size) in enumerate(rows[i]["bytes"]):
            image = np.asarray(Image.open(io.BytesIO(whole[at : at + size])))
            s = image.shape[0]
            store[i, look, :, :s, :s] = torch.from_numpy(image.transpose(2, 0, 1).copy())

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(one, range(len(rows))))
    return store


def lived(squares, chance, hard):
    """[2, n, 3, SIDE, SIDE]: a life of [2, n, ...], one size a group of photos."""
    out = []
    for at in range(0, squares.shape[1], GROUP):
        group = squares[:, at : at + GROUP]
        some = quick_lives.lived(group.flatten(0, 1), SIDE, chance,
                                 float(torch.rand(1)) < hard)
        out.append(some.reshape(2, -1, 3, SIDE, SIDE))
    return torch.cat(out, 1)


def erased(squares):
    """A grey rectangle over some photos, so that no single place decides."""
    n, s = squares.shape[1], SIDE
    for i in np.flatnonzero(np.random.rand(n) < 0.2):
        h, w = np.random.randint(20, 100, 2)
        y, x = np.random.randint(0, s - h), np.random.randint(0, s - w)
        squares[:, i, :, y : y + h, x : x + w] = float(np.random.randint(0, 256))
    return squares


def layer_groups(net, args):
    """The topmost stage learns at --rate, each below slower by --decay; heads by themselves."""
    layers = [net.trunk.stem] + list(net.trunk.stages)
    groups = [{"params": list(layer.parameters()), "weight_decay": 0.0,
               "lr": args.rate * args.decay ** (len(layers) - 1 - depth)}
              for depth, layer in enumerate(layers)]
    return groups + [{"params": list(net.heads.parameters()), "lr": args.head_rate,
                      "weight_decay": 0.3}]


def set_rates(optimiser, gone, args):
    """Down by a cosine over the share `gone` of the run. The trunk waits for --head-share, and
    both come up over the first twentieth of theirs."""
    for g, peak in zip(optimiser.param_groups, args.peaks):
        first = 0.0 if g is optimiser.param_groups[-1] else args.head_share
        own = max(0.0, gone - first) / (1 - first)
        g["lr"] = peak * min(1.0, own / 0.05 + 0.01) * (0.51 + 0.49 * math.cos(math.pi * own))


@torch.no_grad()
def standardise(net, photos, fit, args):
    """Means and deviations of the frozen features, which the heads start from."""
    seen = [[], []]
    many = min(args.standard, len(fit)) // 32 * 32
    for some in np.random.permutation(fit)[:many].reshape(-1, 32):
        looks = lived(photos.cut(torch.from_numpy(some).to(photos.device), 0.06, True), 0.2, 0.4)
        for k in (0, 1):
            seen[k].append(net.features(looks[k], False))
    for k in (0, 1):
        x = torch.cat(seen[k])
        net.heads[k].mean.copy_(x.mean(0))
        net.heads[k].std.copy_(x.std(0) + 1e-3)


@torch.no_grad()
def scored(net, photos, some, hard):
    """Added logits of photos, in one life that is the same at every call."""
    state = torch.random.get_rng_state()
    torch.manual_seed(7)
    net.eval()
    out = []
    for at in range(0, len(some), 128):
        part = torch.from_numpy(some[at : at + 128]).to(photos.device)
        looks = lived(photos.cut(part, 0.0, False), 0.0, hard)
        out.append(sum(net.heads[k].standardised(net.standardised(net.features(looks[k], False), k))
                       for k in (0, 1))[:, 0])
    torch.random.set_rng_state(state)
    return torch.cat(out).cpu().numpy()


def report(net, photos, held, args, text):
    table = {k: photos.table[k][held] for k in ("label", "source", "generator")}
    weights = head_kinds.row_weights(table, 0.5)
    real = table["label"] == 0
    for life, hard in (("soft", 0.0), ("hard", 1.0)):
        z = scored(net, photos, held, hard)
        bar = measures.threshold_at(z[real], 0.01, weights[real])
        line = {"name": args.name, "at": text, "life": life, "rows": len(held),
                "auroc": measures.auroc(table["label"], z),
                "by_source": measures.auroc(table["label"], z, weights),
                "tpr_1": measures.tpr_at(table["label"], z, 0.01),
                "tpr_5": measures.tpr_at(table["label"], z, 0.05),
                "tpr_1_by_source": float(np.average(z[~real] > bar, weights=weights[~real]))}
        line = {k: round(v, 4) if isinstance(v, float) else v for k, v in line.items()}
        print(json.dumps(line), flush=True)
        with open(os.path.join(args.runs, "tuned", args.name + ".log"), "a",
                  encoding="utf-8") as f:
            f.write(json.dumps(line) + "\n")


def loss_of(net, looks, goal, args, tune):
    """Cross entropy of the added logits and, weaker, of each look's; features of pairs mixed."""
    n = looks.shape[1]
    both = net.features(looks.flatten(0, 1), tune)
    other = torch.randperm(n, device=goal.device)
    share = float(np.random.beta(args.mix, args.mix)) if args.mix else 1.0
    goal = share * goal + (1 - share) * goal[other]
    logits = []
    for k in (0, 1):
        x = net.standardised(both[k * n : (k + 1) * n], k)
        logits.append(net.heads[k].standardised(share * x + (1 - share) * x[other])[:, 0])
    cross = F.binary_cross_entropy_with_logits
    return cross(logits[0] + logits[1], goal) + 0.15 * sum(cross(2 * z, goal) for z in logits)


def batch_of(photos, fit, chance, args):
    """Looks [2, n, 3, SIDE, SIDE] and goals [n] of photos drawn by weight."""
    some = torch.from_numpy(fit[np.random.choice(len(fit), args.batch, p=chance)])
    some = some.to(photos.device)
    looks = erased(lived(photos.cut(some, 0.08, True), 0.25, args.hard))
    return looks, photos.label[some].float() * 0.94 + 0.03


def train(args):
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_num_threads(args.threads)
    torch.backends.cudnn.benchmark = True
    torch.manual_seed(args.seed)
    np.random.seed(args.seed)
    started = time.time()
    photos = Squares(args, device)
    print(f"{args.name}: {len(photos.label)} photos after {time.time() - started:.0f} s",
          flush=True)
    fold = compare.fold_numbers(photos.table, args.folds)
    fit, held = np.flatnonzero(fold != args.hold), np.flatnonzero(fold == args.hold)
    table = {k: photos.table[k][fit] for k in ("label", "source", "generator")}
    weights = head_kinds.row_weights(table, args.power)
    chance = weights / weights.sum()
    net = Tuned(trunk_of(args.start), args.hidden).to(device)
    net.trunk.to(memory_format=torch.channels_last)
    first = copy.deepcopy(net.trunk.state_dict())
    optimiser = torch.optim.AdamW(layer_groups(net, args))
    args.peaks = [g["lr"] for g in optimiser.param_groups]
    path, step = os.path.join(args.runs, "tuned", args.name + ".pt"), 0
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.exists(path):
        kept = torch.load(path, map_location=device, weights_only=False)
        net.load_state_dict(kept["net"])
        optimiser.load_state_dict(kept["optimiser"])
        average, step = kept["average"], kept["step"]
    else:
        standardise(net, photos, fit, args)
        average = {k: v.clone() for k, v in net.state_dict().items()}
    end, shown, losses = started + 60 * args.minutes, time.time(), []
    began, tuning = time.time(), step > args.head_share * args.steps
    while step < args.steps and time.time() < end:
        gone = max(step / args.steps, (time.time() - began) / (end - began))
        set_rates(optimiser, gone, args)
        if gone >= args.head_share and not tuning:
            tuning = True
            net.load_state_dict(average)
            if len(held) and args.shows:
                report(net, photos, held, args, f"heads {step}")
            shown = time.time()
        net.train()
        looks, goal = batch_of(photos, fit, chance, args)
        tune = tuning and args.rate > 0
        loss = loss_of(net, looks, goal, args, tune)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(net.trunk.parameters(), 1.0)
        optimiser.step()
        step += 1
        keep = min(args.ema, (1 + step) / (10 + step))
        with torch.no_grad():
            now = net.state_dict()
            torch._foreach_lerp_([average[k] for k in average], [now[k] for k in average],
                                 1 - keep)
        losses.append(loss.detach())
        if step % args.every == 0 or step == args.steps or time.time() >= end:
            mean = float(torch.stack(losses[-args.every :]).mean())
            rate = len(losses[-args.every :]) * args.batch / (time.time() - shown)
            print(f"{args.name}: step {step} loss {mean:.4f} {rate:.0f} photos/s", flush=True)
            torch.save({"net": net.state_dict(), "optimiser": optimiser.state_dict(),
                        "average": average, "step": step}, path)
            shown = time.time()
    finish(net, average, first, photos, held, args, step)


def finish(net, average, first, photos, held, args, step):
    """Scores the held-out fold and writes what is kept."""
    net.load_state_dict(average)
    if len(held):
        report(net, photos, held, args, f"step {step}")
        if args.shows:
            last = copy.deepcopy(net.trunk.state_dict())
            for share in (0.5, 0.75):
                net.trunk.load_state_dict({k: first[k].lerp(last[k], share) for k in last})
                report(net, photos, held, args, f"share {share}")
            net.trunk.load_state_dict(last)
    path = os.path.join(args.runs, "tuned", args.name + "-f16.pt")
    trunk = {k: v.half().cpu().contiguous() for k, v in net.trunk.state_dict().items()}
    torch.save({"trunk": trunk,
                "heads": {k: {n: v.float().cpu() if n in ("mean", "std") else v.half().cpu()
                              for n, v in net.heads[k].state_dict().items()} for k in (0, 1)},
                "step": step, "args": vars(args)}, path)
    print(f"{path}: {os.path.getsize(path)} bytes", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    data.add_arguments(parser)
    parser.add_argument("--squares", required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--hold", type=int, default=0)
    parser.add_argument("--folds", type=int, default=data.FOLDS)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--head-share", type=float, default=0.25,
                        help="share of the run in which the heads learn alone")
    parser.add_argument("--start", help="begin with the trunk of this file instead")
    parser.add_argument("--batch", type=int, default=128, help="photos, two squares each")
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--decay", type=float, default=0.6)
    parser.add_argument("--head-rate", type=float, default=1e-3)
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument("--power", type=float, default=0.7)
    parser.add_argument("--mix", type=float, default=0.4)
    parser.add_argument("--hard", type=float, default=0.4, help="share of hard lives")
    parser.add_argument("--ema", type=float, default=0.995)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--standard", type=int, default=2048)
    parser.add_argument("--every", type=int, default=200)
    parser.add_argument("--shows", action="store_true", help="score the held-out fold in between")
    parser.add_argument("--threads", type=int, default=2)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
