"""NPR, for comparison: a published recipe trained on the same photos as our detector.

    npr.py pack --sets fresh-originals-train,fresh-originals-more --life fresh --name npr
    npr.py train --name npr --hold 0 --minutes 2
    npr.py score --name npr --set fixed-originals-val

After Tan et al., "Rethinking the Up-Sampling Operations in CNN-based Generative Network for
Generalizable Deepfake Detection", CVPR 2024: what remains of a photo less its halved and doubled
copy (nearest neighbours) goes through a ResNet-50 cut after its second stage. It looks at native
pixels: the patch around the face. `pack` writes the patches without loss (RUNS/squares/NAME.bin and
.json), `train` RUNS/npr/NAME.pt, `score` prints the figures on the patches of a set.
"""

import argparse
import io
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

import compare
import data
import features
import heads as head_kinds
import measures

PATCH = 2  # of the looks
RATE = 2e-4


class Bottleneck(nn.Module):
    """1x1, 3x3 with the stride, 1x1, each with batch norm, and a shortcut."""

    def __init__(self, wide_in, narrow, stride):
        super().__init__()
        wide = 4 * narrow
        self.path = nn.Sequential(
            nn.Conv2d(wide_in, narrow, 1, bias=False), nn.BatchNorm2d(narrow), nn.ReLU(),
            nn.Conv2d(narrow, narrow, 3, stride, 1, bias=False), nn.BatchNorm2d(narrow), nn.ReLU(),
            nn.Conv2d(narrow, wide, 1, bias=False), nn.BatchNorm2d(wide))
        same = wide_in == wide and stride == 1
        self.shortcut = nn.Identity() if same else nn.Sequential(
            nn.Conv2d(wide_in, wide, 1, stride, bias=False), nn.BatchNorm2d(wide))

    def forward(self, x):
        return F.relu(self.path(x) + self.shortcut(x))


class Npr(nn.Module):
    """Pixels [n, 3, s, s] from 0 to 255, s even, to logits [n]."""

    MEAN = [0.485, 0.456, 0.406]
    STD = [0.229, 0.224, 0.225]

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 64, 3, 2, 1, bias=False), nn.BatchNorm2d(64),
                                  nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        self.first = nn.Sequential(*[Bottleneck(64 if k == 0 else 256, 64, 1) for k in range(3)])
        self.second = nn.Sequential(*[Bottleneck(256 if k == 0 else 512, 128, 2 if k == 0 else 1)
                                      for k in range(4)])
        self.last = nn.Linear(512, 1)
        self.register_buffer("mean", torch.tensor(self.MEAN)[None, :, None, None] * 255)
        self.register_buffer("std", torch.tensor(self.STD)[None, :, None, None] * 255)

    def forward(self, pixels):
        x = (pixels - self.mean) / self.std
        halved = F.interpolate(x, scale_factor=0.5, mode="nearest")
        rest = (x - F.interpolate(halved, scale_factor=2, mode="nearest")) * 2 / 3
        x = self.second(self.first(self.stem(rest)))
        return self.last(x.mean((2, 3)))[:, 0]


def pack(args):
    rows, at = [], 0
    folder = os.path.join(args.runs, "squares")
    with open(os.path.join(folder, args.name + ".bin"), "wb") as f:
        for name in args.sets.split(","):
            head, pixels, done = features.open_set(args.runs, name)
            life = head["lives"].index(args.life)
            photos = [data.Photo(r["path"], "", r["label"], r["source"], r["generator"])
                      for r in head["rows"]]
            kept = {p.path for p in data.capped(photos, args.most)}
            some = [i for i, r in enumerate(head["rows"])
                    if r["path"] in kept and done[i, life, PATCH] == 1]

            def coded(i, pixels=pixels, life=life):
                out = io.BytesIO()
                Image.fromarray(pixels[i, life, PATCH]).save(out, "WEBP", lossless=True, quality=0,
                                                             method=0)
                return out.getvalue()

            with ThreadPoolExecutor(2) as pool:
                for i, photo in zip(some, pool.map(coded, some)):
                    keys = ("label", "source", "generator", "path")
                    rows.append({k: head["rows"][i][k] for k in keys} | {"bytes": [at, len(photo)]})
                    at += f.write(photo)
    with open(os.path.join(folder, args.name + ".json"), "w", encoding="utf-8") as f:
        json.dump(rows, f)
    print(f"{args.name}: {len(rows)} patches, {at} bytes")


def patches_of(args):
    path = os.path.join(args.runs, "squares", args.name)
    with open(path + ".json", encoding="utf-8") as f:
        rows = json.load(f)
    with open(path + ".bin", "rb") as f:
        whole = f.read()

    def decoded(row):
        at, size = row["bytes"]
        return np.asarray(Image.open(io.BytesIO(whole[at : at + size])).convert("RGB"))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        pixels = np.stack(list(pool.map(decoded, rows)))
    table = {k: np.array([r[k] for r in rows]) for k in ("label", "source", "generator", "path")}
    table["group"] = np.array([data.GROUPS.get(s, s) for s in table["source"]])
    return torch.from_numpy(pixels.transpose(0, 3, 1, 2).copy()), table


@torch.no_grad()
def scored(net, pixels, device):
    net.eval()
    return torch.cat([net(some.to(device).float()) for some in pixels.split(128)]).cpu().numpy()


def shown(text, labels, scores):
    print(f"{text}: {len(labels)} patches, auroc {measures.auroc(labels, scores):.4f} "
          f"tpr@1% {measures.tpr_at(labels, scores, 0.01):.3f} "
          f"tpr@5% {measures.tpr_at(labels, scores, 0.05):.3f}", flush=True)


def train(args):
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    pixels, table = patches_of(args)
    pixels = pixels.to(device)
    fold = compare.fold_numbers(table)
    fit, held = np.flatnonzero(fold != args.hold), np.flatnonzero(fold == args.hold)
    weights = head_kinds.row_weights({k: table[k][fit] for k in ("label", "source", "generator")},
                                     0.7)
    label = torch.from_numpy(table["label"]).float().to(device)
    net = Npr().to(device).to(memory_format=torch.channels_last)
    optimiser = torch.optim.Adam(net.parameters(), RATE, betas=(0.9, 0.999))
    end, step, began, losses = data.deadline(args), 0, time.time(), []
    while time.time() < end and step < args.steps:
        net.train()
        some = torch.from_numpy(fit[rng.choice(len(fit), args.batch, p=weights / weights.sum())])
        some = some.to(device)
        x = pixels[some].float()
        if rng.random() < 0.5:
            x = x.flip(3)
        gone = max(step / args.steps, (time.time() - began) / (60 * args.minutes))
        for g in optimiser.param_groups:
            g["lr"] = RATE * (1 - 0.98 * min(1.0, gone))
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            logit = net(x)
        loss = F.binary_cross_entropy_with_logits(logit.float(), label[some])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        losses.append(loss.detach())
        step += 1
        if step % args.every == 0:
            mean = float(torch.stack(losses[-args.every :]).mean())
            print(f"step {step} loss {mean:.4f} {step * args.batch / (time.time() - began):.0f} "
                  "patches/s", flush=True)
            if len(held):
                shown(f"held out, step {step}", table["label"][held],
                      scored(net, pixels[torch.from_numpy(held).to(device)], device))
    os.makedirs(os.path.join(args.runs, "npr"), exist_ok=True)
    torch.save({k: v.cpu() for k, v in net.state_dict().items()},
               os.path.join(args.runs, "npr", f"{args.name}{args.hold}.pt"))


def score(args):
    net = Npr()
    net.load_state_dict(torch.load(os.path.join(args.runs, "npr", f"{args.name}{args.hold}.pt")))
    head, pixels, done = features.open_set(args.runs, args.set)
    labels = np.array([r["label"] for r in head["rows"]])
    for k, life in enumerate(head["lives"]):
        some = np.flatnonzero(done[:, k, PATCH] == 1)
        parts = [scored(net, torch.from_numpy(pixels[i, k, PATCH].transpose(0, 3, 1, 2).copy()),
                        "cpu") for i in np.array_split(some, max(1, len(some) // 64))]
        shown(f"{args.set} {life}", labels[some], np.concatenate(parts))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    data.add_arguments(parser)
    parser.add_argument("step", choices=["pack", "train", "score"])
    parser.add_argument("--name", default="npr")
    parser.add_argument("--sets")
    parser.add_argument("--life", default="fresh")
    parser.add_argument("--set")
    parser.add_argument("--hold", type=int, default=-1, help="fold left out")
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--every", type=int, default=200)
    args = parser.parse_args()
    {"pack": pack, "train": train, "score": score}[args.step](args)


if __name__ == "__main__":
    main()
