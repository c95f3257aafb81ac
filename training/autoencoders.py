"""A tiny autoencoder of a latent diffusion model: photos that went through a decoder, content kept.

TAEF2 of madebyollin/taesd (MIT), which stands in for the autoencoder of FLUX.2; the network is
built here from the names and shapes of its weights. Pixels are floats from 0 to 255, height and
width multiples of eight.
"""

import torch
import torch.nn.functional as F
from torch import nn

WIDE = 64
LATENT = 32


def conv(wide_in, wide, stride=1, bias=True):
    return nn.Conv2d(wide_in, wide, 3, stride, 1, bias=bias)


class Block(nn.Module):
    def __init__(self, with_pool):
        super().__init__()
        self.conv = nn.Sequential(conv(WIDE, WIDE), nn.ReLU(), conv(WIDE, WIDE), nn.ReLU(),
                                  conv(WIDE, WIDE))
        self.pool = nn.Sequential(
            nn.Conv2d(WIDE, 4 * WIDE, 1, bias=False), nn.GroupNorm(4, 4 * WIDE), nn.ReLU(),
            nn.Conv2d(4 * WIDE, WIDE, 1, bias=False)) if with_pool else nn.Identity()

    def forward(self, x):
        if not isinstance(self.pool, nn.Identity):
            x = x + self.pool(x)
        return F.relu(self.conv(x) + x)


class Bounded(nn.Module):
    def forward(self, x):
        return torch.tanh(x / 3) * 3


def encoder():
    parts = [conv(3, WIDE), Block(False)]
    for deep in (False, False, True):
        parts += [conv(WIDE, WIDE, 2, False)] + [Block(deep) for _ in range(3)]
    return nn.Sequential(*parts, conv(WIDE, LATENT))


def decoder():
    parts = [Bounded(), conv(LATENT, WIDE), nn.ReLU()]
    for deep in (True, False, False):
        parts += [Block(deep) for _ in range(3)]
        parts += [nn.Upsample(scale_factor=2), conv(WIDE, WIDE, bias=False)]
    return nn.Sequential(*parts, Block(False), conv(WIDE, 3))


class Autoencoder(nn.Module):
    """From a file of two state dicts, `encoder` and `decoder`."""

    def __init__(self, path):
        super().__init__()
        states = torch.load(path, map_location="cpu")
        self.encoder, self.decoder = encoder(), decoder()
        self.encoder.load_state_dict(states["encoder"])
        self.decoder.load_state_dict(states["decoder"])

    def forward(self, pixels):
        return (self.decoder(self.encoder(pixels / 255)) * 255).clamp(0, 255)


def shaken(net, plain, strength):
    """Another decoder of the same family: its weights with noise in proportion to their spread."""
    state = {k: v + strength * v.std() * torch.randn_like(v) if v.dim() == 4 else v
             for k, v in plain.items()}
    net.decoder.load_state_dict(state)
