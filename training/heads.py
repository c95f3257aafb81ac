"""Heads on pooled features: a linear or two-layer head per look, fitted together.

The logits of the looks are added, so fitting them together is fitting one model on all looks.
Features are standardised with the statistics of the training photos; both fold into the weights
at export. Everything is chosen by folds over groups of sources.
"""

import os

import numpy as np
import torch
from torch import nn

import data
import features


def load_set(runs, name, trunks, looks, lives=None):
    """Features of a set as {look: f16 [rows, width]}, with labels, sources and so on per row.

    A row is one life of one photo. Rows without one of the looks are left out.
    """
    head, _, done = features.open_set(runs, name)
    have = (done[:, :, list(looks)] == 1).all(axis=2)
    if lives is not None:
        have[:, lives:] = False
    maps = {}
    for look in looks:
        parts = []
        for trunk in trunks:
            path = features.feature_path(runs, name, trunk, look)
            flat = np.fromfile(path, np.float16).reshape(done.shape[0], done.shape[1], -1)
            parts.append(flat)
        found = np.concatenate(parts, 2)
        have &= np.abs(found[:, :, :64].astype(np.float32)).sum(2) > 0
        maps[look] = found
    photo, life = np.nonzero(have)
    rows = head["rows"]
    table = {
        "x": {look: maps[look][photo, life] for look in looks},
        "label": np.array([rows[i]["label"] for i in photo]),
        "source": np.array([rows[i]["source"] for i in photo]),
        "generator": np.array([rows[i]["generator"] for i in photo]),
        "path": np.array([rows[i]["path"] for i in photo]),
        "life": np.array([str(head["lives"][k]) for k in life]),
        "set": np.array([name] * len(photo)),
    }
    table["group"] = np.array([data.GROUPS.get(s, s) for s in table["source"]])
    return table


def join(tables):
    keys = [k for k in tables[0] if k != "x"]
    joined = {k: np.concatenate([t[k] for t in tables]) for k in keys}
    joined["x"] = {look: np.concatenate([t["x"][look] for t in tables]) for look in tables[0]["x"]}
    return joined


def subset(table, keep):
    part = {k: v[keep] for k, v in table.items() if k != "x"}
    part["x"] = {look: v[keep] for look, v in table["x"].items()}
    return part


def row_weights(table, power):
    """As `data.weights_of`, over rows: lives of one photo share its weight."""
    keys = [tuple(k) for k in zip(table["label"], table["source"], table["generator"])]
    sizes = {}
    for k in keys:
        sizes[k] = sizes.get(k, 0) + 1
    raw = np.array([sizes[k] ** (power - 1.0) for k in keys])
    for label in (0, 1):
        here = table["label"] == label
        if not here.any():
            continue
        raw[here] *= 0.5 * len(raw) / raw[here].sum()
    return raw


class Head(nn.Module):
    """Standardise, then linear or one hidden layer, for one look."""

    def __init__(self, mean, std, hidden=0, drop=0.0):
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)
        self.drop = nn.Dropout(drop)
        if hidden:
            self.layers = nn.Sequential(
                nn.Linear(len(mean), hidden), nn.ReLU(), nn.Dropout(0.5), nn.Linear(hidden, 1))
        else:
            self.layers = nn.Linear(len(mean), 1)
            nn.init.zeros_(self.layers.weight)

    def standardised(self, x):
        """As `forward`, of numbers that are standardised already."""
        return self.layers(self.drop(x))

    def forward(self, x):
        return self.standardised((x - self.mean) / self.std)


def standard(table, look):
    x = torch.from_numpy(table["x"][look][:: max(1, len(table["label"]) // 20000)]).float()
    return x.mean(0), x.std(0) + 1e-3


def source_offsets(x, table, weights):
    """How far the mean of each source and generator lies from that of its class: [sources, width],
    each row scaled by the square root of the source's share of its class."""
    keys = [f"{l}/{s}/{g}" for l, s, g in zip(table["label"], table["source"], table["generator"])]
    names, at = np.unique(keys, return_inverse=True)
    at, w = torch.from_numpy(at), torch.from_numpy(np.sqrt(weights)).float()
    sums = torch.zeros(len(names), x.shape[1]).index_add_(0, at, x * w[:, None])
    mass = torch.zeros(len(names)).index_add_(0, at, w)
    label = torch.tensor([int(n[0]) for n in names])
    offsets = torch.zeros_like(sums)
    for k in (0, 1):
        here = label == k
        if here.any():
            offsets[here] = sums[here] / mass[here][:, None] - (sums[here].sum(0) / mass[here].sum())
            offsets[here] *= torch.sqrt(mass[here] / mass[here].sum())[:, None]
    return offsets


def fit_linear(table, l2, power=0.3, smooth=0.02, steps=60, even=0.0):
    """L2-regularised logistic regression over all looks at once, by L-BFGS.

    `even` also punishes the variance over sources of a class of their mean logits: what holds for
    a class should hold for each of its sources (as Krueger et al., "Out-of-Distribution
    Generalization via Risk Extrapolation", 2021, ask of the losses).
    """
    looks = sorted(table["x"])
    stats = {k: standard(table, k) for k in looks}
    x = torch.cat([(torch.from_numpy(table["x"][k]).float() - stats[k][0]) / stats[k][1]
                   for k in looks], 1).clamp_(-8, 8)
    y = torch.from_numpy(table["label"]).float() * (1 - 2 * smooth) + smooth
    w = torch.from_numpy(row_weights(table, power)).float()
    apart = source_offsets(x, table, row_weights(table, power)) if even else None
    theta = torch.zeros(x.shape[1] + 1, requires_grad=True)
    optimiser = torch.optim.LBFGS([theta], max_iter=steps, history_size=8,
                                  line_search_fn="strong_wolfe")

    def closure():
        optimiser.zero_grad()
        logit = x @ theta[:-1] + theta[-1]
        loss = nn.functional.binary_cross_entropy_with_logits(logit, y, weight=w)
        loss = loss + l2 * (theta[:-1] ** 2).sum()
        if even:
            loss = loss + even * ((apart @ theta[:-1]) ** 2).sum()
        loss.backward()
        return loss

    optimiser.step(closure)
    heads, at = {}, 0
    with torch.no_grad():
        for i, k in enumerate(looks):
            head = Head(*stats[k])
            width = len(stats[k][0])
            head.layers.weight.copy_(theta[at : at + width][None])
            head.layers.bias.fill_(float(theta[-1]) / len(looks))
            heads[k] = head.eval()
            at += width
    return heads


def fit_mlp(table, hidden=128, seeds=1, drop=0.5, decay=0.3, power=0.7, smooth=0.02, mix=0.4,
            epochs=6, rate=1e-3):
    """One hidden layer per look; logits added; AdamW; pairs of photos mixed (Zhang et al., "mixup:
    Beyond Empirical Risk Minimization", 2018). The nets of several seeds become one wide net that
    gives their mean."""
    looks = sorted(table["x"])
    stats = {k: standard(table, k) for k in looks}
    x = {k: ((torch.from_numpy(table["x"][k]).float() - stats[k][0]) / stats[k][1]).half()
         for k in looks}
    y = torch.from_numpy(table["label"]).float() * (1 - 2 * smooth) + smooth
    w = torch.from_numpy(row_weights(table, power)).float()
    nets = []
    for seed in range(1, seeds + 1):
        torch.manual_seed(seed)
        rng = np.random.default_rng(seed)
        net = nn.ModuleDict({str(k): Head(*stats[k], hidden, drop) for k in looks})
        optimiser = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=decay)
        size, total = 256, epochs * (len(y) // 256 + 1)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=total + 1)
        for _ in range(epochs):
            for some in torch.randperm(len(y)).split(size):
                other, share = some[torch.randperm(len(some))], float(rng.beta(mix, mix))
                logit = sum(net[str(k)].standardised(share * x[k][some].float()
                                                     + (1 - share) * x[k][other].float())[:, 0]
                            for k in looks)
                goal, weight = (share * v[some] + (1 - share) * v[other] for v in (y, w))
                loss = nn.functional.binary_cross_entropy_with_logits(logit, goal, weight=weight)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()
        nets.append(net.eval())
    return {k: joined([net[str(k)] for net in nets]) for k in looks}


def joined(heads):
    """One head that gives the mean of several: their hidden layers stand side by side."""
    first = heads[0]
    hidden = sum(h.layers[0].out_features for h in heads)
    head = Head(first.mean, first.std, hidden)
    with torch.no_grad():
        head.layers[0].weight.copy_(torch.cat([h.layers[0].weight for h in heads]))
        head.layers[0].bias.copy_(torch.cat([h.layers[0].bias for h in heads]))
        head.layers[3].weight.copy_(torch.cat([h.layers[3].weight for h in heads], 1) / len(heads))
        head.layers[3].bias.copy_(torch.stack([h.layers[3].bias for h in heads]).mean(0))
    return head.eval()


def logits_of(heads, table):
    """[rows, looks] raw logits."""
    with torch.no_grad():
        pieces = max(1, len(table["label"]) // 4096)
        parts = [torch.cat([heads[k](torch.from_numpy(part).float())
                            for part in np.array_split(table["x"][k], pieces)])
                 for k in sorted(heads)]
    return torch.cat(parts, 1).numpy()


def save(heads, path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    torch.save({k: h.state_dict() for k, h in heads.items()}, path)
