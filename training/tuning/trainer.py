"""Fits heads on the trunk as it is, then tunes trunk and heads together, and scores photos."""

import math
import os
import time

import numpy as np
import torch
from torch import nn

from lib import table as tables
from lib.trunk import WIDTH
from tuning import heads, rounding
from tuning import trunk as torch_trunk
from tuning.device import DEVICE, SCORING_DTYPE, TUNING_DTYPE, log
from tuning.photos import HELD_OUT_ROUNDS, Photos

BLOCKS = [4, 6, 8, 10, 12]
EXIT_BLOCK = 4
HEADS = ("whole", "face", "exit")
EVERYTHING = -1  # in place of a fold: nothing is held out
JOINT_WEIGHT = 0.7  # of each crop's logit in the score of both
FEATURE_ROUNDS = 9  # rounds that the first heads are fitted on
RATES = {"norm": 2e-3, "lora": 5e-4, "full": 2e-5}
HEAD_DROP = 0.5
WARM_UP_STEPS = 20
PIECE = 512


def join_logits(logits):
    """Returns the score's logit of logits [..., (whole, face, exit)]."""
    return JOINT_WEIGHT * (logits[..., 0] + logits[..., 1])


def map_pieces(function, pixels):
    """Applies a function to pieces of pixels [n, side, side, 3] without gradients."""
    with torch.no_grad():
        return [function(pixels[at:at + PIECE]) for at in range(0, len(pixels), PIECE)]


def fold_layers(weights):
    """Returns the layers [in, out] of lifted weights, or of rounded ones as they were rounded."""
    if "bits" in weights:
        return rounding.widen_blocks(weights, int(weights["bits"]), DEVICE)
    return torch_trunk.fold_layers(weights, DEVICE)


class Trainer:
    """Photos, the trunk as it is, and the first heads of every fold."""

    def __init__(self, args):
        self.args, self.photos, self.weights = args, Photos(args), {}
        for path in args.weights.split(","):
            with np.load(path) as archive:
                self.weights |= {k: archive[k] for k in archive.files}
        self.embedding = torch_trunk.Embedding(self.weights).to(DEVICE)
        self.blocks = fold_layers(self.weights)
        log("weights")

    def cast_layers(self, blocks):
        """Returns folded layers as `run_trunk` takes them, to score with."""
        return [{p: (m.to(SCORING_DTYPE).t().contiguous(), b.to(SCORING_DTYPE))
                 for p, (m, b) in parts.items()} for parts in blocks]

    def run(self, pixels, layers, norm=None):
        """Returns the features of crops, all blocks side by side, and those of the exit's block."""
        taps = torch_trunk.run_trunk(self.embedding(pixels), layers, BLOCKS, norm)
        return torch.cat([taps[k] for k in BLOCKS], 1), taps[EXIT_BLOCK]

    def compute_features(self, layers, rounds):
        """Returns f16 [photo, round, crop, width]."""
        p = self.photos
        found = torch.empty(p.count, len(rounds), 2, len(BLOCKS) * 3 * WIDTH, dtype=torch.float16,
                            device=DEVICE)
        for k, number in enumerate(rounds):
            for crop in range(2):
                pieces = map_pieces(lambda x: self.run(x, layers)[0].half(),
                                    p.pixels[:, number, crop])
                found[:, k, crop] = torch.cat(pieces)
        return found

    def load_first_heads(self):
        """Loads heads of every fold and of everything on the trunk as it is from --cache, or fits
        them; returns their logits of held-out photos [photo, round, head]."""
        path = self.args.cache
        if path and os.path.exists(path):
            kept = torch.load(path, weights_only=False)
            if kept["keys"] == self.photos.keys:
                self.axes, self.first_heads = kept["axes"], kept["heads"]
                return kept["held_out"]
        held_out = self.fit_first_heads()
        if path:
            torch.save({"keys": self.photos.keys, "axes": self.axes, "heads": self.first_heads,
                        "held_out": held_out}, path)
        return held_out

    def fit_first_heads(self):
        p = self.photos
        rounds = list(range(min(FEATURE_ROUNDS, len(p.rounds))))
        x = self.compute_features(self.cast_layers(self.blocks), rounds)
        log("features of the trunk as it is", tuple(x.shape))
        everything = torch.ones_like(p.face)
        inputs = {"whole": (x[:, :, 0], everything), "face": (x[:, :, 1], p.face),
                  "exit": (x[:, :, 0, :3 * WIDTH], everything)}
        self.axes, self.first_heads, held_out = {}, {}, []
        for name in HEADS:
            held_out.append(self.fit_folds(name, *inputs[name], rounds))
        log("first heads")
        held_out = torch.stack(held_out, -1).cpu().numpy()
        held_out[~p.table.face, :, HEADS.index("face")] = np.nan
        return held_out

    def fit_folds(self, name, x, usable, rounds):
        """Fits one head for each fold and for everything; returns held-out logits
        [photo, round]."""
        p = self.photos
        fits, fold = torch.from_numpy(p.fits).to(DEVICE), torch.from_numpy(p.fold).to(DEVICE)
        weight = torch.from_numpy(p.weight).float().to(DEVICE)
        self.axes[name] = heads.fit_axes(x[fits & usable, 0])
        rotate = heads.Head(self.axes[name]).rotate
        z = torch.stack([rotate(x[:, k]) for k in range(len(rounds))], 1)
        held_out = torch.full((p.count, HELD_OUT_ROUNDS), torch.nan, device=DEVICE)
        for k in list(range(tables.FOLDS)) + [EVERYTHING]:
            head = heads.Head(self.axes[name])
            some = torch.nonzero(fits & usable & (fold != k))[:, 0]
            have = p.have[some][:, rounds].flatten()
            label, w = (v[some, None].expand(-1, len(rounds)).flatten()[have]
                        for v in (p.label, weight))
            heads.fit_head(head, z[some].flatten(0, 1)[have], label, w, epochs=self.args.epochs)
            self.first_heads[name, k] = {n: v.detach().clone()
                                         for n, v in head.state_dict().items() if n in "abcd"}
            if k == EVERYTHING:
                continue
            here = fold == k
            with torch.no_grad():
                for number in range(HELD_OUT_ROUNDS):
                    held_out[here, number] = head.score(z[here, number])
        return held_out

    def copy_heads(self, fold):
        copies = {}
        for name in HEADS:
            copies[name] = heads.Head(self.axes[name])
            copies[name].load_state_dict(self.first_heads[name, fold], strict=False)
        return nn.ModuleDict(copies)

    def tune(self, method, fold, steps, seconds, rate=None):
        """Tunes trunk and heads together, without the photos of that fold; returns the trunk's
        delta and the heads."""
        p, args = self.photos, self.args
        torch.manual_seed(fold + 7)
        delta = torch_trunk.Delta(self.blocks, method, args.rank)
        tuned = self.copy_heads(fold).train()
        usable = torch.from_numpy(p.fits & (p.fold != fold)).to(DEVICE)
        chance = torch.from_numpy(p.weight).float().to(DEVICE) * usable
        trunk_optimiser = torch.optim.AdamW(delta.parameters(), lr=1.0, betas=(0.9, 0.98),
                                            weight_decay=0.0, fused=DEVICE == "cuda")
        head_optimiser = heads.EvenAdam(tuned.parameters())
        rate, started = rate or RATES[method], time.time()
        for step in range(1, steps + 1):
            some = torch.multinomial(chance, args.batch, replacement=True)
            loss = self.measure_loss(delta, tuned, *p.draw_batch(some, args.smooth))
            loss.backward()
            assert step > 1 or torch.isfinite(loss), loss
            torch.nn.utils.clip_grad_norm_(delta.parameters(), 1.0)
            # The clock decides where steps would take too long.
            share = max(step / steps, (time.time() - started) / seconds)
            falling = (1 + math.cos(math.pi * min(share, 1.0))) / 2
            now = min(step / WARM_UP_STEPS, 1.0) * falling
            for group in trunk_optimiser.param_groups:
                group["lr"] = rate * now
            trunk_optimiser.step()
            trunk_optimiser.zero_grad(set_to_none=True)
            head_optimiser.step(args.head_rate * now)
            if share >= 1:
                break
            if step % 50 == 0:
                each_ms = (time.time() - started) / step * 1e3
                log(f"  {method} fold {fold} step {step}: loss {loss.item():.3f}, {each_ms:.0f} ms")
        tuned.eval()
        return delta, tuned

    def measure_loss(self, delta, tuned, pixels, goal, face):
        """Returns the loss of a batch: of both crops, of their sum, and of the exit."""
        noise = self.args.noise
        x, x_exit = self.run(pixels, delta.change_layers(self.blocks, TUNING_DTYPE))
        n = len(goal)
        whole = tuned["whole"](x[:n], noise, HEAD_DROP)
        faces = tuned["face"](x[n:], noise, HEAD_DROP)
        early = tuned["exit"](x_exit[:n], noise, HEAD_DROP)
        return (0.5 * heads.measure_loss(whole, goal, 1.0)
                + 0.5 * heads.measure_loss(faces, goal, face)
                + 0.5 * heads.measure_loss(JOINT_WEIGHT * (whole + faces), goal, face)
                + 0.25 * heads.measure_loss(early, goal, 1.0))

    def score(self, layers, tuned, rows, rounds, norm=None):
        """Returns logits f32 [row, round, (whole, face, exit)]; nan where there is no face or no
        crop. `rounds` are positions in photos.rounds."""
        p = self.photos
        found = torch.full((len(rows), len(rounds), len(HEADS)), torch.nan, device=DEVICE)
        rows = torch.from_numpy(np.asarray(rows)).to(DEVICE)

        def score_whole(pixels):
            x, x_exit = self.run(pixels, layers, norm)
            return torch.stack([tuned["whole"](x), tuned["exit"](x_exit)], 1)

        def score_face(pixels):
            return tuned["face"](self.run(pixels, layers, norm)[0])

        for k, number in enumerate(rounds):
            for at in range(0, len(rows), PIECE):
                some = rows[at:at + PIECE]
                (whole,) = map_pieces(score_whole, p.pixels[some, number, 0])
                (face,) = map_pieces(score_face, p.pixels[some, number, 1])
                face = torch.where(p.face[some], face, torch.nan)
                logits = torch.stack([whole[:, 0], face, whole[:, 1]], 1)
                have = p.have[some, number][:, None]
                found[at:at + PIECE, k] = torch.where(have, logits, torch.nan)
        return found.cpu().numpy()
