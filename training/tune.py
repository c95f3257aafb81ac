"""The trunk tuned on a GPU, together with its heads, judged on folds of groups of sources.

    tune.py --parcels PARCELS --pool POOL --weights W --out OUT --stage screen --seconds 250
    tune.py --parcels PARCELS --pool POOL --weights W --out OUT --stage final --way lora

The pool holds every photo in many histories (pool.py). First the heads are fitted on the trunk as
it is, then trunk and heads are tuned together for STEPS steps. `screen` compares ways of tuning on
a few folds, `final` tunes all folds and one model on everything, rounds them all to a few bits, and
keeps the logits that each rounded model gives to photos of groups that it had not seen: calibration
and thresholds come from those (train.py). Photos of val are only scored.
Writes into OUT: STAGE-logits.npz, STAGE.json, final-heads.npz and final-trunk-K.npz (the rounded
trunk in parts).
"""

import argparse
import json
import math
import os
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import crops
import heads as head_kinds
import measures
import pool as pools
import table as tables
import tower

TAPS = [4, 6, 8, 10, 12]
EXIT = 4
AXES = 1024
HIDDEN = 128
JOINT = 0.7
FEATURE_TURNS = 4  # histories that the first heads are fitted on
HELD_TURNS = 2  # histories that held-out photos are scored in
PARTS = 4
RATES = {"norm": 2e-3, "lora": 5e-4, "full": 2e-5}
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
FAST = torch.bfloat16 if DEVICE == "cuda" else torch.float32
torch.backends.cudnn.allow_tf32 = False
torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = False
FINE = torch.float16 if DEVICE == "cuda" else torch.float32


def say(*words):
    print(f"{time.time() - STARTED:6.1f}", *words, flush=True)


STARTED = time.time()


class Photos:
    """The rows whose crops are there, and the crops, kept on the GPU."""

    def __init__(self, args):
        rows = pools.rows_of(args.parcels)
        done = [np.array(pools.arrays(args.pool, t, len(rows))[1]) for t in range(args.turns)]
        turns = [t for t, d in enumerate(done) if t < HELD_TURNS or (d > 0).mean() > 0.9]
        self.turns = turns
        keep = np.flatnonzero((done[0] == 1) & (done[1] == 1))
        if args.limit:
            keep = np.sort(np.random.default_rng(0).choice(keep, args.limit, replace=False))
        rows = [rows[i] for i in keep]
        self.rows, self.count = rows, len(rows)
        self.have = torch.from_numpy(np.stack([done[t][keep] == 1 for t in turns], 1)).to(DEVICE)
        shape = (len(keep), len(turns), len(crops.CROPS), crops.SIDE, crops.SIDE, 3)
        self.pixels = torch.empty(shape, dtype=torch.uint8, device=DEVICE)
        for k, t in enumerate(turns):
            pixels = pools.arrays(args.pool, t, len(done[0]))[0]

            def move(at):
                some = torch.from_numpy(pixels[keep[at:at + 512]])
                self.pixels[at:at + 512, k] = some.to(DEVICE)
            with ThreadPoolExecutor(8) as threads:
                list(threads.map(move, range(0, len(keep), 512)))
        say(f"{len(rows)} photos, turns {turns}, {self.pixels.numel() / 1e9:.1f} GB")
        column = lambda k: np.array([r[k] for r in rows])  # noqa: E731
        self.table = tables.Table(
            label=column("label"), source=column("source"), generator=column("generator"),
            kind=column("kind"), group=np.array([tables.group_of(r) for r in rows]),
            split=column("split"), face=np.array([bool(r["box"]) for r in rows]),
            photo=np.array([int(r["key"][:8], 16) for r in rows]), history=column("split"), x={})
        t = self.table
        self.val = t.split == "val"
        self.fits = np.isin(t.kind, tables.PHOTO_KINDS) & ~self.val
        self.fold = np.full(len(rows), -1)
        self.fold[~self.val] = tables.folds_of(t.take(~self.val))
        self.weight = np.zeros(len(rows))
        self.weight[self.fits] = tables.weights_of(t.take(self.fits))
        self.label = torch.from_numpy(t.label).float().to(DEVICE)
        self.face = torch.from_numpy(t.face).to(DEVICE)


class Head(nn.Module):
    """heads.Hidden on heads.Axes."""

    def __init__(self, axes, hidden=HIDDEN):
        super().__init__()
        for name, value in axes.items():
            self.register_buffer(name, value)
        wide = axes["turn"].shape[1]
        self.a = nn.Parameter((torch.rand(wide, hidden) * 2 - 1).to(DEVICE) / wide ** 0.5)
        self.b = nn.Parameter(torch.zeros(hidden, device=DEVICE))
        self.c = nn.Parameter((torch.rand(hidden) * 2 - 1).to(DEVICE) / hidden ** 0.5)
        self.d = nn.Parameter(torch.zeros(1, device=DEVICE))

    def turned(self, x):
        z = (x.float() - self.mean) / self.deviation
        return z.clamp(-head_kinds.CLIP, head_kinds.CLIP) @ self.turn

    def on(self, z, noise=0.0, drop=0.0):
        if noise:
            z = z + noise * torch.randn_like(z)
        seen = F.dropout(F.relu(z @ self.a + self.b), drop, self.training)
        return seen @ self.c + self.d

    def forward(self, x, noise=0.0, drop=0.0):
        return self.on(self.turned(x), noise, drop)


class Even:
    """AdamW with one size of step for all numbers of a tensor, as in heads.fit_net."""

    def __init__(self, params, decay):
        self.params, self.decay, self.step_count = list(params), decay, 0
        self.first = [torch.zeros_like(p) for p in self.params]
        self.second = [torch.zeros((), device=p.device) for p in self.params]

    @torch.no_grad()
    def step(self, rate):
        self.step_count += 1
        for p, first, second in zip(self.params, self.first, self.second):
            if p.grad is None:
                continue
            first.lerp_(p.grad, 0.1)
            second.lerp_(p.grad.square().mean(), 0.001)
            size = (second / (1 - 0.999 ** self.step_count)).sqrt() + 1e-8
            p.mul_(1 - rate * self.decay)
            p.sub_(rate * first / (1 - 0.9 ** self.step_count) / size)
            p.grad = None


def axes_of(x, count=AXES):
    """heads.Axes.of in torch; x f16 [n, width] on the GPU."""
    some = x[torch.randperm(len(x), device=x.device)[:6000]].float()
    mean, deviation = some.mean(0), some.std(0) + 1e-3
    some = ((some - mean) / deviation).clamp(-head_kinds.CLIP, head_kinds.CLIP)
    count = min(count, len(some) - 1)
    _, _, turn = torch.svd_lowrank(some, min(count + 32, *some.shape), niter=2)
    return {"mean": mean, "deviation": deviation, "turn": turn[:, :count].contiguous()}


def loss_of(logit, goal, weight):
    return (weight * F.binary_cross_entropy_with_logits(logit, goal, reduction="none")).mean()


def fit_head(head, z, y, weight, epochs=8, batch=512, rate=4e-3, noise=1.0, drop=0.5, mix=0.4):
    """heads.fit_net in torch."""
    head.train()
    even = Even([head.a, head.b, head.c, head.d], 0.3)
    goal, weight = y * 0.96 + 0.02, weight / weight.mean()
    total, share = epochs * (len(z) // batch), torch.distributions.Beta(mix, mix)
    for step in range(total):
        if step % (len(z) // batch) == 0:
            order = torch.randperm(len(z), device=z.device)
        at = step % (len(z) // batch) * batch
        some = order[at:at + batch]
        other, s = some[torch.randperm(batch, device=z.device)], share.sample().item()
        x, g, w = (s * v[some] + (1 - s) * v[other] for v in (z, goal, weight))
        loss_of(head.on(x, noise, drop), g, w).backward()
        even.step(rate * head_kinds.one_cycle((step + 1) / total))
    head.eval()


def at_speed(function, pixels, batch=512):
    """`function` over pieces of pixels [n, side, side, 3], joined."""
    with torch.no_grad():
        return [function(pixels[at:at + batch]) for at in range(0, len(pixels), batch)]


class Trainer:
    def __init__(self, args):
        self.args, self.photos = args, Photos(args)
        weights = {}
        for path in args.weights.split(","):
            with np.load(path) as archive:
                weights |= {k: archive[k] for k in archive.files}
        self.weights = weights
        self.start = tower.Start(weights).to(DEVICE)
        self.blocks = tower.folded(weights, DEVICE)
        say("weights")

    def plain(self):
        return [{p: (m.to(FINE).t().contiguous(), b.to(FINE)) for p, (m, b) in parts.items()}
                for parts in self.blocks]

    def features(self, layers, turns, norm=None):
        """f16 [photo, turn, crop, width]."""
        p = self.photos
        found = torch.empty(p.count, len(turns), 2, len(TAPS) * 3 * tower.WIDTH,
                            dtype=torch.float16, device=DEVICE)

        def one(pixels):
            taps = tower.run(self.start(pixels), layers, TAPS, norm)
            return torch.cat([taps[k] for k in TAPS], 1).half()
        for k, turn in enumerate(turns):
            for crop in range(2):
                found[:, k, crop] = torch.cat(at_speed(one, p.pixels[:, turn, crop]))
        return found

    def first_heads(self):
        """Heads of every fold (and of all photos, fold -1) on the trunk as it is, and the logits
        they give to held-out photos [photo, turn, 3]; from --cache where they are there."""
        keys, path = [r["key"] for r in self.photos.rows], self.args.cache
        if path and os.path.exists(path):
            kept = torch.load(path, weights_only=False)
            if kept["keys"] == keys:
                self.axes, self.heads = kept["axes"], kept["heads"]
                return kept["held"]
        held = self.fitted_heads()
        held = np.stack([held[k] for k in ("whole", "face", "exit")], -1)
        held[~self.photos.table.face, :, 1] = np.nan
        if path:
            torch.save({"keys": keys, "axes": self.axes, "heads": self.heads, "held": held}, path)
        return held

    def fitted_heads(self):
        p, turns = self.photos, list(range(min(FEATURE_TURNS, len(self.photos.turns))))
        x = self.features(self.plain(), turns)
        say("features of the trunk as it is", tuple(x.shape))
        fits = torch.from_numpy(p.fits).to(DEVICE)
        clean = fits.clone()
        views = {"whole": (x[:, :, 0], torch.ones_like(p.face)), "face": (x[:, :, 1], p.face),
                 "exit": (x[:, :, 0, :3 * tower.WIDTH], torch.ones_like(p.face))}
        self.axes, self.heads, held = {}, {}, {}
        weight = torch.from_numpy(p.weight).float().to(DEVICE)
        fold = torch.from_numpy(p.fold).to(DEVICE)
        for name, (view, usable) in views.items():
            self.axes[name] = axes_of(view[clean & usable, 0])
            kept = Head(self.axes[name])
            z = torch.stack([kept.turned(view[:, k]) for k in range(len(turns))], 1)
            held[name] = torch.full((p.count, HELD_TURNS), torch.nan, device=DEVICE)
            for k in list(range(tables.FOLDS)) + [-1]:
                head = Head(self.axes[name])
                there = torch.nonzero(fits & usable & (fold != k))[:, 0]
                flat = z[there].flatten(0, 1)
                ok = p.have[there][:, turns].flatten()
                y, w = (v[there, None].expand(-1, len(turns)).flatten()[ok]
                        for v in (p.label, weight))
                fit_head(head, flat[ok], y, w, epochs=self.args.epochs)
                self.heads[name, k] = {n: v.detach().clone() for n, v in head.state_dict().items()
                                       if n in "abcd"}
                here = fold == k
                with torch.no_grad():
                    for t in range(HELD_TURNS):
                        held[name][here, t] = head.on(z[here, t])
        say("first heads")
        return {n: v.cpu().numpy() for n, v in held.items()}

    def new_heads(self, fold):
        made = {}
        for name in ("whole", "face", "exit"):
            made[name] = Head(self.axes[name])
            made[name].load_state_dict(self.heads[name, fold], strict=False)
        return nn.ModuleDict(made)

    def tune(self, way, fold, steps, seconds, rate=None):
        """Trunk and heads together, without the photos of that fold. Returns both."""
        p, args = self.photos, self.args
        torch.manual_seed(fold + 7)
        change = tower.Change(self.blocks, way, args.rank)
        made = self.new_heads(fold).train()
        there = torch.from_numpy(p.fits & (p.fold != fold)).to(DEVICE)
        chance = torch.from_numpy(p.weight).float().to(DEVICE) * there
        slow = torch.optim.AdamW(change.parameters(), lr=1.0, betas=(0.9, 0.98),
                                 weight_decay=0.0, fused=DEVICE == "cuda")
        even = Even(made.parameters(), 0.3)
        rate, begun, step = rate or RATES[way], time.time(), 0
        while step < steps:
            step += 1
            some = torch.multinomial(chance, args.batch, replacement=True)
            pixels, goal, face = self.batch(some)
            layers = change.layers(self.blocks, FAST)
            taps = tower.run(self.start(pixels), layers, TAPS)
            x = torch.cat([taps[k] for k in TAPS], 1)
            n = len(some)
            w, f = (made[k](v, args.noise, 0.5) for k, v in (("whole", x[:n]), ("face", x[n:])))
            e = made["exit"](taps[EXIT][:n], args.noise, 0.5)
            loss = (0.5 * loss_of(w, goal, 1.0) + 0.5 * loss_of(f, goal, face)
                    + 0.5 * loss_of(JOINT * (w + f), goal, face) + 0.25 * loss_of(e, goal, 1.0))
            loss.backward()
            if step == 1:
                assert torch.isfinite(loss), loss
            torch.nn.utils.clip_grad_norm_(change.parameters(), 1.0)
            # The clock decides where steps would take too long.
            share = max(step / steps, (time.time() - begun) / seconds)
            now = min(step / 20, 1.0) * (1 + math.cos(math.pi * min(share, 1.0))) / 2
            for group in slow.param_groups:
                group["lr"] = rate * now
            slow.step()
            slow.zero_grad(set_to_none=True)
            even.step(args.head_rate * now)
            if share >= 1:
                break
            if step % 50 == 0:
                say(f"  {way} fold {fold} step {step}: loss {loss.item():.3f},"
                    f" {(time.time() - begun) / step * 1e3:.0f} ms")
        made.eval()
        return change, made

    def batch(self, some):
        """Crops of both kinds as f32, whole photos first, a little changed; goals; faces."""
        p = self.photos
        chance = p.have[some].float()
        chance[:, 0] *= 2  # as it is
        turn = torch.multinomial(chance, 1)[:, 0]
        pixels = p.pixels[some, turn].transpose(0, 1).flatten(0, 1).float()
        many = len(pixels)
        pick = lambda chance: (torch.rand(many, 1, 1, 1, device=DEVICE) < chance)  # noqa: E731
        spread = lambda low, high: (low + (high - low)  # noqa: E731
                                    * torch.rand(many, 1, 1, 1, device=DEVICE))
        mirror = pick(0.5)
        pixels = torch.where(mirror, pixels.flip(2), pixels)
        grey = (pixels * pixels.new_tensor([0.299, 0.587, 0.114])).sum(-1, keepdim=True)
        pixels = torch.where(pick(0.04), grey, pixels)
        pixels = torch.where(pick(0.15), (pixels - 128) * spread(0.8, 1.2) + 128
                             + spread(-20, 20), pixels)
        pixels = torch.where(pick(0.10), pixels + spread(1, 6) * torch.randn_like(pixels), pixels)
        pixels = torch.where(pick(0.5), pixels + torch.rand_like(pixels) - 0.5, pixels)
        smooth = self.args.smooth
        goal = p.label[some] * (1 - 2 * smooth) + smooth
        return pixels.clamp(0, 255), goal, p.face[some].float()

    def logits(self, layers, made, rows, turns, norm=None):
        """f32 [row, turn, 3]: whole, face (nan where there is none), exit."""
        p = self.photos
        found = torch.full((len(rows), len(turns), 3), torch.nan, device=DEVICE)
        rows = torch.from_numpy(np.asarray(rows)).to(DEVICE)

        def one(crop):
            def of(pixels):
                taps = tower.run(self.start(pixels), layers, TAPS, norm)
                x = torch.cat([taps[k] for k in TAPS], 1)
                if crop:
                    return made["face"](x)[:, None]
                return torch.stack([made["whole"](x), made["exit"](taps[EXIT])], 1)
            return of
        for k, turn in enumerate(turns):
            for at in range(0, len(rows), 512):
                some = rows[at:at + 512]
                whole, face = (at_speed(one(c), p.pixels[some, turn, c])[0] for c in (0, 1))
                found[at:at + 512, k, 0], found[at:at + 512, k, 2] = whole.T
                found[at:at + 512, k, 1] = torch.where(p.face[some], face[:, 0], torch.nan)
                ok = p.have[some, turn]
                found[at:at + 512, k] = torch.where(ok[:, None], found[at:at + 512, k], torch.nan)
        return found.cpu().numpy()

    def report(self, name, logits, folds=range(tables.FOLDS)):
        """Figures of held-out photos of some folds, by pack and history."""
        p, t = self.photos, self.photos.table
        joint = JOINT * (logits[..., 0] + logits[..., 1])
        judged = tables.judged(t) & t.face & np.isin(p.fold, list(folds))
        sizes = {"small": t.split != "originals", "originals": t.split == "originals"}
        found = {}
        for size, which in sizes.items():
            for turn in range(HELD_TURNS):
                here = judged & which & np.isfinite(joint[:, turn])
                if len(set(t.label[here])) < 2:
                    continue
                label, score = t.label[here], joint[here, turn]
                figures = [measures.auroc(label, score), measures.tpr_at(label, score, 0.01),
                           measures.tpr_at(label, score, 0.005)]
                limit = measures.threshold_at(score[label == 0], 0.01)
                words = lambda *w: np.array([any(x in g for x in w)  # noqa: E731
                                             for g in t.generator[here]])
                gan, sd = words("StyleGAN", "SFHQ"), words("Stable Diffusion", "SD ")
                ffhq = t.source[here] == "realorfake_ffhq"
                rest = [float((score[m & (label == k)] > limit).mean()) if m.any() else None
                        for m, k in ((gan, 1), (sd, 1), (ffhq, 0))]
                found[f"{size}-{turn}"] = figures + rest
                say(f"{name} {size} turn {turn} n {here.sum()}: AUROC {figures[0]:.4f} 1% "
                    f"{figures[1]:.3f} 0.5% {figures[2]:.3f}; GAN, SD caught, FFHQ over: {rest}")
        return found

    def report_val(self, name, logits, rows):
        t = self.photos.table
        for turn, history in enumerate(pools.MEASURED):
            if turn >= logits.shape[1]:
                break
            joint = JOINT * (logits[:, turn, 0] + logits[:, turn, 1])
            ok = np.isfinite(joint)
            if len(set(t.label[rows][ok])) < 2:
                continue
            label, score = t.label[rows][ok], joint[ok]
            say(f"{name} val {history} n {ok.sum()}: AUROC {measures.auroc(label, score):.4f} 1% "
                f"{measures.tpr_at(label, score, 0.01):.3f}"
                f" 0.5% {measures.tpr_at(label, score, 0.005):.3f}")


def keep(args, name, **arrays):
    np.savez(os.path.join(args.out, name + ".npz"), **arrays)


def left(args):
    return args.seconds - (time.time() - STARTED)


def known(photos):
    """What train.py has to know of the rows."""
    t = photos.table
    keys = np.array([r["key"][:16] for r in photos.rows]).astype("S16")
    return {"key": keys, "fold": photos.fold, "label": t.label.astype(np.int8),
            "split": t.split.astype("S9")}


def screen(args):
    trainer = Trainer(args)
    p, frozen = trainer.photos, trainer.first_heads()
    folds = [int(k) for k in args.folds.split(",")]
    found = {"frozen, all folds": trainer.report("frozen all", frozen),
             "frozen": trainer.report("frozen", frozen, folds)}
    saved = {"frozen": frozen.astype(np.float16)}
    keep(args, "screen-logits", **known(p), **saved)
    ways = args.way.split(",")
    for at, way in enumerate(ways):
        way, _, rate = way.partition(":")
        each = (left(args) - 15) / (len(ways) - at) / len(folds) - 6
        logits = np.full((p.count, HELD_TURNS, 3), np.nan, np.float32)
        for fold in folds:
            change, made = trainer.tune(way, fold, args.steps, each,
                                        float(rate) if rate else None)
            layers = change.layers(trainer.blocks, FINE)
            rows = np.flatnonzero(p.fold == fold)
            with torch.no_grad():
                logits[rows] = trainer.logits(layers, made, rows, range(HELD_TURNS))
            del change, layers
        found[ways[at]] = trainer.report(ways[at], logits, folds)
        saved[ways[at].replace(":", "-")] = logits.astype(np.float16)
        keep(args, "screen-logits", **known(p), **saved)
        with open(os.path.join(args.out, "screen.json"), "w", encoding="utf-8") as f:
            json.dump(found, f, indent=1)


def drawn_head(trainer, layers, norm):
    """A linear head of the face crop for drawings (train.py), and held-out logits of it."""
    p, t = trainer.photos, trainer.photos.table
    drawing = t.kind == "drawing"
    usable = t.face & (p.fits | drawing)
    rows = np.flatnonzero(t.face)

    def one(pixels):
        taps = tower.run(trainer.start(pixels), layers, TAPS, norm)
        return torch.cat([taps[k] for k in TAPS], 1)
    where = torch.from_numpy(rows).to(DEVICE)
    head = Head(trainer.axes["face"])
    z = torch.cat([head.turned(at_speed(one, p.pixels[where[at:at + 512], 0, 1])[0])
                   for at in range(0, len(rows), 512)])
    target = torch.from_numpy(drawing[rows]).float().to(DEVICE)
    fold = p.fold.copy()
    for k, name in enumerate(sorted(set(t.source[drawing]))):
        fold[drawing & (t.source == name)] = k % tables.FOLDS
    found, heads = np.full(p.count, np.nan, np.float32), {}
    for k in list(range(tables.FOLDS)) + [-1]:
        there = torch.from_numpy((usable & (fold != k))[rows]).to(DEVICE)
        x, y = z[there], target[there]
        share = torch.where(y > 0, 0.5 / y.sum(), 0.5 / (1 - y).sum())
        theta = torch.zeros(x.shape[1] + 1, device=DEVICE, requires_grad=True)
        search = torch.optim.LBFGS([theta], max_iter=100, line_search_fn="strong_wolfe")

        def closure():
            search.zero_grad()
            value = (share * F.binary_cross_entropy_with_logits(
                x @ theta[:-1] + theta[-1], y * 0.96 + 0.02, reduction="none")).sum()
            value = value + 0.03 * theta[:-1].square().sum()
            value.backward()
            return value
        search.step(closure)
        heads[k] = theta.detach()
        with torch.no_grad():
            logit = (z @ heads[k][:-1] + heads[k][-1]).cpu().numpy()
        here = (fold == k)[rows]
        found[rows[here]] = logit[here]
    drawn = {"weights": (trainer.axes["face"]["turn"] @ heads[-1][:-1]).cpu().numpy(),
             "bias": heads[-1][-1].cpu().numpy()}
    return drawn, found


def final(args):
    trainer = Trainer(args)
    p, models = trainer.photos, {}
    frozen = trainer.first_heads()
    found = {"frozen": trainer.report("frozen", frozen)}
    way, _, rate = args.way.partition(":")
    rate = float(rate) if rate else None
    # The model on everything comes first: it gets its steps whatever happens.
    order = [-1] + list(range(tables.FOLDS))
    spare = args.spare
    val = np.flatnonzero(p.val)
    for at, fold in enumerate(order):
        each = (left(args) - spare) / (len(order) - at)
        steps = args.steps * (5 if fold == -1 else 4) // 4
        each = each * 1.2 if fold == -1 else each
        change, made = trainer.tune(way, fold, steps, each, rate)
        models[fold] = change.exact(trainer.blocks), made
        if fold == -1:
            if args.cache and way != "full":  # stays there: too much to bring home with the rest
                np.savez(args.cache + "-change.npz", **{k: v.detach().half().cpu().numpy()
                                                        for k, v in change.learned.items()})
            with torch.no_grad():
                layers = change.layers(trainer.blocks, FINE)
                trainer.report_val("unrounded", trainer.logits(layers, made, val, [0, 1]), val)
        del change
    say("tuned")
    torch.cuda.empty_cache() if DEVICE == "cuda" else None
    fit = np.flatnonzero(p.fits & p.table.face)
    some = fit[np.linspace(0, len(fit) - 1, args.moments).astype(int)]
    pixels = torch.stack([p.pixels[i, n % HELD_TURNS, n % 2] for n, i in enumerate(some)])
    with torch.no_grad():
        packed = tower.quantised(trainer.start(pixels), [models[k][0] for k in order],
                                 args.bits, args.group)
    say("rounded")
    save_trunk(args, trainer.weights, packed[0])
    save_heads(args, models[-1][1])
    say("saved")
    logits = np.full((p.count, HELD_TURNS, 3), np.nan, np.float32)
    norm = tower.root_mean_square
    whole = np.full((p.count, len(pools.MEASURED), 3), np.nan, np.float32)
    for fold, numbers in zip(order, packed):
        layers, made = tower.layers_of(numbers, args.bits, FINE, DEVICE), models[fold][1]
        if fold == -1:
            turns = [k for k, t in enumerate(p.turns) if t < len(pools.MEASURED)]
            at = np.ix_(val, [p.turns[k] for k in turns])
            whole[at] = trainer.logits(layers, made, val, turns, norm)
            trainer.report_val("rounded", whole[val], val)
            drawn, drawings = drawn_head(trainer, layers, norm)
            save_heads(args, made, drawn)
            say("drawings")
            continue
        rows = np.flatnonzero(p.fold == fold)
        logits[rows] = trainer.logits(layers, made, rows, range(HELD_TURNS), norm)
        if fold == 0:
            with torch.no_grad():
                exact = [{q: (m.to(FINE).t(), b.to(FINE)) for q, (m, b) in parts.items()}
                         for parts in models[0][0]]
                plain = trainer.logits(exact, made, rows, range(HELD_TURNS))
            found["unrounded, fold 0"] = trainer.report("unrounded", full(p, rows, plain), [0])
            found["rounded, fold 0"] = trainer.report("rounded", logits, [0])
        keep(args, "final-logits", **known(p), held=logits, val=whole[val], drawn=drawings,
             frozen=frozen.astype(np.float16))
    found["rounded"] = trainer.report("rounded, all folds", logits)
    found["rows"] = int(p.have.cpu().numpy()[p.fits].sum())
    with open(os.path.join(args.out, "final.json"), "w", encoding="utf-8") as f:
        json.dump(found, f, indent=1)
    say("done")


def full(photos, rows, some):
    found = np.full((photos.count,) + some.shape[1:], np.nan, np.float32)
    found[rows] = some
    return found


def save_trunk(args, weights, packed):
    """quantise.py's arrays, in a few files of about the same size."""
    kept = {k: weights[k] for k in ("patch", "class", "place", "pre.gain", "pre.offset")}
    kept["patch"], kept["place"] = (kept[k].astype(np.float16) for k in ("patch", "place"))
    kept |= {"bits": np.int64(args.bits), "group": np.int64(args.group)} | packed
    sizes = np.cumsum([v.nbytes for v in kept.values()])
    names = list(kept)
    for k in range(PARTS):
        part = [n for n, s in zip(names, sizes) if min(int(s / sizes[-1] * PARTS), PARTS - 1) == k]
        np.savez_compressed(os.path.join(args.out, f"final-trunk-{k}.npz"),
                            **{n: kept[n] for n in part})


def save_heads(args, made, drawn=None):
    """First layers from the features on: the axes are multiplied in."""
    out = {f"drawn.{k}": v for k, v in (drawn or {}).items()}
    for name, head in made.items():
        with torch.no_grad():
            out[name + ".a"] = (head.turn @ head.a).half().cpu().numpy()
        for k in ("mean", "deviation", "b", "c", "d"):
            out[f"{name}.{k}"] = getattr(head, k).detach().cpu().numpy()
    np.savez_compressed(os.path.join(args.out, "final-heads.npz"), **out)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parcels", required=True)
    parser.add_argument("--pool", required=True)
    parser.add_argument("--weights", required=True, help="files with the arrays of trunk.py lift")
    parser.add_argument("--out", required=True)
    parser.add_argument("--stage", choices=["screen", "final"], required=True)
    parser.add_argument("--way", default="lora,norm,full", help="a way of tuning, or WAY:RATE")
    parser.add_argument("--folds", default="0,2")
    parser.add_argument("--seconds", type=float, default=250)
    parser.add_argument("--spare", type=float, default=75, help="seconds for all after tuning")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--epochs", type=int, default=8, help="of the first heads")
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
    args = arguments()
    os.makedirs(args.out, exist_ok=True)
    {"screen": screen, "final": final}[args.stage](args)


if __name__ == "__main__":
    main()
