"""Traces: what a generator, a resizing or a codec leaves between neighbouring pixels.

No weights are learned here: fixed high-pass filters and an 8x8 cosine basis, then means of
magnitudes. Everything is a convolution, a clip or a mean, so that it is exported inside the
network. `Traces` takes pixels from 0 to 255 as [n, 3, s, s] and gives WIDTH numbers a look.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

# luma and two differences of colours
COLOURS = [[0.299, 0.587, 0.114], [-0.5, 0.5, 0.0], [0.0, 0.5, -0.5]]
CLIPS = [1.0, 3.0, 9.0]
LAGS = [1, 2, 3, 4, 5, 6, 8]


def filters():
    """High-pass filters in a 5x5 frame, each of unit length."""
    def frame(rows):
        kernel = np.array(rows, np.float32)
        out = np.zeros((5, 5), np.float32)
        top, left = (5 - kernel.shape[0]) // 2, (5 - kernel.shape[1]) // 2
        out[top : top + kernel.shape[0], left : left + kernel.shape[1]] = kernel
        return out / np.sqrt((out ** 2).sum())

    first, second, third = [[1, -1]], [[1, -2, 1]], [[1, -3, 3, -1]]
    lines = [np.array(k, np.float32) for k in (first, second, third)]
    ring = [[-1, 2, -1], [2, -4, 2], [-1, 2, -1]]
    wide = [[-1, 2, -2, 2, -1], [2, -6, 8, -6, 2], [-2, 8, -12, 8, -2],
            [2, -6, 8, -6, 2], [-1, 2, -2, 2, -1]]
    corner = [[1, -1], [-1, 1]]
    return np.stack([frame(k) for k in lines] + [frame(k.T) for k in lines]
                    + [frame(ring), frame(wide), frame(corner)])


def cosines():
    """The 63 waves of an 8x8 cosine transform."""
    k, x = np.arange(8)[:, None], np.arange(8)[None]
    basis = np.cos(math.pi * k * (2 * x + 1) / 16) * np.where(k == 0, math.sqrt(1 / 8), 0.5)
    return np.einsum("ax,by->abxy", basis, basis).reshape(64, 8, 8)[1:].astype(np.float32)


class Traces(nn.Module):
    def __init__(self):
        super().__init__()
        high, wave = filters(), cosines()
        self.colour = nn.Conv2d(3, 3, 1, bias=False)
        # Every third place is enough for a mean, and three shares no factor with a codec's grid.
        self.high = nn.Conv2d(3, 3 * len(high), 5, stride=3, groups=3, bias=False)
        self.ring = nn.Conv2d(3, 3, 5, groups=3, bias=False)
        self.wave = nn.Conv2d(3, 3 * len(wave), 8, stride=5, groups=3, bias=False)
        with torch.no_grad():
            self.colour.weight.copy_(torch.tensor(COLOURS)[:, :, None, None])
            self.high.weight.copy_(torch.from_numpy(np.tile(high, (3, 1, 1)))[:, None])
            self.ring.weight.copy_(torch.from_numpy(np.tile(high[6], (3, 1, 1)))[:, None])
            self.wave.weight.copy_(torch.from_numpy(np.tile(wave, (3, 1, 1)))[:, None])
        for p in self.parameters():
            p.requires_grad_(False)

    def forward(self, pixels):
        colours = self.colour(pixels)
        rest = self.high(colours)
        size = rest.abs()
        strength = size.mean((2, 3))
        parts = [torch.log(strength + 0.05)]
        power = (rest * rest).mean((2, 3))
        parts += [torch.log(strength + 0.05) - 0.5 * torch.log(power + 0.01)]
        parts += [size.clamp(max=c).mean((2, 3)) / c for c in CLIPS]
        # Neighbours of the residual: periodic steps and grids show as correlations.
        ring = self.ring(colours).clamp(-12, 12)
        own = (ring * ring).mean((2, 3)) + 0.05
        for lag in LAGS:
            parts += [(ring[:, :, :, lag:] * ring[:, :, :, :-lag]).mean((2, 3)) / own,
                      (ring[:, :, lag:] * ring[:, :, :-lag]).mean((2, 3)) / own]
        r, g, b = ring[:, 0:1], ring[:, 1:2], ring[:, 2:3]
        for p, q, i, j in ((r, g, 0, 1), (r, b, 0, 2), (g, b, 1, 2)):
            both = torch.sqrt(own[:, i : i + 1] * own[:, j : j + 1])
            parts += [(p * q).mean((2, 3)) / both, (p.abs() * q.abs()).mean((2, 3)) / both]
        wave = self.wave(colours)
        size = wave.abs().mean((2, 3))
        parts += [torch.log(size + 0.1),
                  torch.log(size + 0.1) - 0.5 * torch.log((wave * wave).mean((2, 3)) + 0.02)]
        return torch.cat(parts, 1)


WIDTH = Traces()(torch.zeros(1, 3, 64, 64)).shape[1]
