"""Heads in torch, as lib/heads.py has them, and their optimiser."""

import torch
from torch import nn
from torch.nn import functional as F

from lib import heads
from tuning.device import DEVICE

AXES = 1024
HIDDEN = 128


class Head(nn.Module):
    """One hidden layer on rotated features: heads.Hidden on heads.Axes."""

    def __init__(self, axes, hidden=HIDDEN):
        super().__init__()
        for name, value in axes.items():
            self.register_buffer(name, value)
        wide = axes["rotation"].shape[1]
        self.a = nn.Parameter((torch.rand(wide, hidden) * 2 - 1).to(DEVICE) / wide ** 0.5)
        self.b = nn.Parameter(torch.zeros(hidden, device=DEVICE))
        self.c = nn.Parameter((torch.rand(hidden) * 2 - 1).to(DEVICE) / hidden ** 0.5)
        self.d = nn.Parameter(torch.zeros(1, device=DEVICE))

    def rotate(self, x):
        z = (x.float() - self.mean) / self.deviation
        return z.clamp(-heads.CLIP, heads.CLIP) @ self.rotation

    def score(self, z, noise=0.0, drop=0.0):
        """Returns logits of rotated features."""
        if noise:
            z = z + noise * torch.randn_like(z)
        hidden = F.dropout(F.relu(z @ self.a + self.b), drop, self.training)
        return hidden @ self.c + self.d

    def forward(self, x, noise=0.0, drop=0.0):
        return self.score(self.rotate(x), noise, drop)


class EvenAdam:
    """AdamW with one size of step for all numbers of a tensor, as in heads.fit_net."""

    def __init__(self, params, decay=0.3):
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


def fit_axes(x, count=AXES, rows_max=6000):
    """Fits the main axes of features f16 [n, width], as heads.Axes.fit does."""
    some = x[torch.randperm(len(x), device=x.device)[:rows_max]].float()
    mean, deviation = some.mean(0), some.std(0) + 1e-3
    some = ((some - mean) / deviation).clamp(-heads.CLIP, heads.CLIP)
    count = min(count, len(some) - 1)
    _, _, rotation = torch.svd_lowrank(some, min(count + 32, *some.shape), niter=2)
    return {"mean": mean, "deviation": deviation, "rotation": rotation[:, :count].contiguous()}


def measure_loss(logit, goal, weight):
    return (weight * F.binary_cross_entropy_with_logits(logit, goal, reduction="none")).mean()


def fit_head(head, z, label, weight, epochs=8, batch=512, rate=4e-3, noise=1.0, drop=0.5, mix=0.4,
             smoothing=0.02):
    """Fits a head on rotated features, as heads.fit_net does."""
    head.train()
    optimiser = EvenAdam([head.a, head.b, head.c, head.d])
    goal, weight = label * (1 - 2 * smoothing) + smoothing, weight / weight.mean()
    per_epoch = len(z) // batch
    total, mixing = epochs * per_epoch, torch.distributions.Beta(mix, mix)
    for step in range(total):
        if step % per_epoch == 0:
            order = torch.randperm(len(z), device=z.device)
        at = step % per_epoch * batch
        some = order[at:at + batch]
        other, share = some[torch.randperm(batch, device=z.device)], mixing.sample().item()
        x, g, w = (share * v[some] + (1 - share) * v[other] for v in (z, goal, weight))
        measure_loss(head.score(x, noise, drop), g, w).backward()
        optimiser.step(rate * heads.schedule_rate((step + 1) / total))
    head.eval()


def fit_linear(z, label, strength=0.03, smoothing=0.02):
    """Fits a logistic regression with classes of equal weight; returns [weights, bias]."""
    share = torch.where(label > 0, 0.5 / label.sum(), 0.5 / (1 - label).sum())
    theta = torch.zeros(z.shape[1] + 1, device=DEVICE, requires_grad=True)
    search = torch.optim.LBFGS([theta], max_iter=100, line_search_fn="strong_wolfe")
    goal = label * (1 - 2 * smoothing) + smoothing

    def evaluate():
        search.zero_grad()
        loss = (share * F.binary_cross_entropy_with_logits(
            z @ theta[:-1] + theta[-1], goal, reduction="none")).sum()
        loss = loss + strength * theta[:-1].square().sum()
        loss.backward()
        return loss
    search.step(evaluate)
    return theta.detach()
