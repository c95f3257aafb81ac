"""The trunk in torch, to be tuned on a GPU: the network of lib/trunk_graph.py, on the same weights.

What is tuned is a difference to the folded weights: `norm` gains and offsets of what the norms pass
on, `lora` products of two thin matrices for every layer (Hu et al., 2021), `full` everything. Every
method tunes the layers' biases too. What a block adds to the tokens stays centred over channels.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from lib import trunk

WIDTH, HEADS, DEPTH = trunk.WIDTH, trunk.HEADS, trunk.DEPTH
CENTRED = ("o", "f2")


def fold_layers(weights, device):
    """Folds all layers: a list of dicts from part to (matrix [in, out], bias), f32."""
    blocks = []
    for i in range(DEPTH):
        parts = {p: trunk.fold_layer(weights, i, p) for p in trunk.PARTS}
        blocks.append({p: tuple(torch.from_numpy(v).to(device) for v in pair)
                       for p, pair in parts.items()})
    return blocks


class Embedding(nn.Module):
    """Pixels to the first block's tokens; never tuned, in f32, since half a level of a pixel
    matters."""

    def __init__(self, weights):
        super().__init__()
        positions = np.concatenate([weights["class"][None], weights["place"]])
        # As f16, like the exported file.
        half = lambda v: torch.from_numpy(v.astype(np.float16).astype(np.float32))  # noqa: E731
        for name, value in (("patch", half(weights["patch"])),
                            ("positions", half(positions)),
                            ("gain", torch.from_numpy(weights["pre.gain"])),
                            ("offset", torch.from_numpy(weights["pre.offset"])),
                            ("mean", torch.tensor(trunk.MEAN)), ("std", torch.tensor(trunk.STD))):
            self.register_buffer(name, value)

    def forward(self, pixels):
        """Takes [n, side, side, 3] of 0 to 255, returns [n, tokens, WIDTH]."""
        x = ((pixels.float() / 255 - self.mean) / self.std).permute(0, 3, 1, 2)
        x = F.conv2d(x, self.patch, stride=trunk.PATCH).flatten(2).transpose(1, 2)
        x = torch.cat([x.new_zeros(len(x), 1, WIDTH), x], 1) + self.positions
        x = F.layer_norm(x, (WIDTH,), self.gain, self.offset, trunk.EPSILON)
        return x - x.mean(-1, keepdim=True)


class Delta(nn.Module):
    """What is learned: a difference to the folded layers."""

    def __init__(self, blocks, method, rank=16):
        super().__init__()
        self.method = method
        self.learned = nn.ParameterDict()
        device = blocks[0]["q"][0].device
        for i, parts in enumerate(blocks):
            for part, (matrix, bias) in parts.items():
                wide, out = matrix.shape
                name = f"{i}_{part}"
                self.learned[name + "_bias"] = torch.zeros_like(bias)
                if method == "lora":
                    start = torch.randn(wide, rank, device=device) / wide ** 0.5
                    self.learned[name + "_in"] = start
                    self.learned[name + "_out"] = torch.zeros(rank, out, device=device)
                elif method == "full":
                    self.learned[name + "_all"] = torch.zeros_like(matrix)
            if method == "norm":
                for norm in ("n1", "n2"):
                    self.learned[f"{i}_{norm}_gain"] = torch.zeros(WIDTH, device=device)
                    self.learned[f"{i}_{norm}_offset"] = torch.zeros(WIDTH, device=device)

    def change_layers(self, blocks, dtype):
        """Returns the changed layers: matrix [out, in] and bias of that dtype."""
        def cast(matrix, bias):
            return matrix.to(dtype).t(), bias.to(dtype)
        return [{part: cast(*self.change(i, part, *pair)) for part, pair in parts.items()}
                for i, parts in enumerate(blocks)]

    def change_for_rounding(self, blocks):
        """Returns the changed layers as f32 [in, out]."""
        with torch.no_grad():
            return [{part: self.change(i, part, *pair) for part, pair in parts.items()}
                    for i, parts in enumerate(blocks)]

    def change(self, i, part, matrix, bias):
        """Returns the changed matrix [in, out] and bias of one layer."""
        name, learned = f"{i}_{part}", self.learned
        bias_delta = learned[name + "_bias"]
        if self.method == "norm" and part in trunk.NORM_BEFORE:
            norm = f"{i}_{trunk.NORM_BEFORE[part]}"
            bias_delta = bias_delta + learned[norm + "_offset"] @ matrix
            matrix = matrix * (1 + learned[norm + "_gain"])[:, None]
        if part in CENTRED:
            bias_delta = bias_delta - bias_delta.mean()
        if self.method == "lora":
            out = learned[name + "_out"]
            out = out - out.mean(1, keepdim=True) if part in CENTRED else out
            matrix = matrix + learned[name + "_in"] @ out
        elif self.method == "full":
            delta = learned[name + "_all"]
            delta = delta - delta.mean(1, keepdim=True) if part in CENTRED else delta
            matrix = matrix + delta
        return matrix, bias + bias_delta


def run_trunk(x, layers, taps, norm=None):
    """Runs the blocks on tokens f32 [n, tokens, WIDTH]; returns pooled tokens [n, 3 WIDTH] behind
    each block in `taps`."""
    norm = norm or (lambda v: F.layer_norm(v, (WIDTH,), eps=trunk.EPSILON))
    found = {}
    for i, part in enumerate(layers):
        dtype = part["q"][0].dtype
        n, tokens, _ = x.shape
        y = norm(x).to(dtype)
        q, k, v = (F.linear(y, *part[p]).view(n, tokens, HEADS, -1).transpose(1, 2) for p in "qkv")
        y = F.scaled_dot_product_attention(q, k, v, scale=1.0).transpose(1, 2)
        x = x + F.linear(y.reshape(n, tokens, WIDTH), *part["o"])
        y = F.linear(F.silu(F.linear(norm(x).to(dtype), *part["f1"])), *part["f2"])
        x = x + y
        if i + 1 in taps:
            found[i + 1] = pool_tokens(x)
    return found


def norm_centred(x):
    """Applies the norm that the program has: of tokens that are centred as they are."""
    return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + trunk.EPSILON)


def pool_tokens(x):
    """Pools tokens to their class token, mean and deviation side by side."""
    rest = x[:, 1:].float()
    mean = rest.mean(1)
    spread = (rest - mean[:, None]).square().mean(1)
    return torch.cat([x[:, 0].float(), mean, (spread + 1e-6).sqrt()], 1)
