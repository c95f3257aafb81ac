"""CLIP's image tower in torch, to be tuned and rounded on a GPU. The graph is trunk.py's: the same
folded weights in, the same few-bit integers out.

What is tuned is a difference to the folded weights: `norm` gains and offsets of what the norms give
on, `lora` products of two thin matrices for every layer (Hu et al., 2021), `full` everything. Every
way tunes the layers' biases too. What a block adds to the tokens stays centred over channels.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import trunk

WIDTH, HEADS, DEPTH = trunk.WIDTH, trunk.HEADS, trunk.DEPTH
CENTRED = ("o", "f2")
DAMP = 0.01
BATCH = 128  # rows whose errors are passed on together, as in quantise.py


def folded(weights, device):
    """Layers as a list of dicts: part to (matrix [in, out], bias), f32."""
    blocks = []
    for i in range(DEPTH):
        parts = {p: trunk.linear_of(weights, i, p) for p in trunk.PARTS}
        blocks.append({p: tuple(torch.from_numpy(v).to(device) for v in pair)
                       for p, pair in parts.items()})
    return blocks


class Start(nn.Module):
    """Pixels to the first block's tokens; never tuned, in f32, since half a level of a pixel is
    noticed."""

    def __init__(self, weights):
        super().__init__()
        place = np.concatenate([weights["class"][None], weights["place"]])
        # As trunk.py exports them.
        half = lambda v: torch.from_numpy(v.astype(np.float16).astype(np.float32))  # noqa: E731
        for name, value in (("patch", half(weights["patch"])), ("place", half(place)),
                            ("gain", torch.from_numpy(weights["pre.gain"])),
                            ("offset", torch.from_numpy(weights["pre.offset"])),
                            ("mean", torch.tensor(trunk.MEAN)), ("std", torch.tensor(trunk.STD))):
            self.register_buffer(name, value)

    def forward(self, pixels):
        """[n, side, side, 3] of 0 to 255."""
        x = ((pixels.float() / 255 - self.mean) / self.std).permute(0, 3, 1, 2)
        x = F.conv2d(x, self.patch, stride=trunk.PATCH).flatten(2).transpose(1, 2)
        x = torch.cat([x.new_zeros(len(x), 1, WIDTH), x], 1) + self.place
        x = F.layer_norm(x, (WIDTH,), self.gain, self.offset, trunk.EPSILON)
        return x - x.mean(-1, keepdim=True)


class Change(nn.Module):
    """What is learned: a difference to the folded layers."""

    def __init__(self, blocks, way, rank=16, share=1.0):
        super().__init__()
        self.way, self.share = way, share
        self.learned = nn.ParameterDict()
        device = blocks[0]["q"][0].device
        for i, parts in enumerate(blocks):
            for part, (matrix, bias) in parts.items():
                wide, out = matrix.shape
                name = f"{i}_{part}"
                self.learned[name + "_bias"] = torch.zeros_like(bias)
                if way == "lora":
                    start = torch.randn(wide, rank, device=device) / wide ** 0.5
                    self.learned[name + "_in"] = start
                    self.learned[name + "_out"] = torch.zeros(rank, out, device=device)
                elif way == "full":
                    self.learned[name + "_all"] = torch.zeros_like(matrix)
            if way == "norm":
                for norm in ("n1", "n2"):
                    self.learned[f"{i}_{norm}_gain"] = torch.zeros(WIDTH, device=device)
                    self.learned[f"{i}_{norm}_offset"] = torch.zeros(WIDTH, device=device)

    def layers(self, blocks, kind):
        """The changed layers: matrix [out, in] and bias of dtype `kind`."""
        return [{part: self.layer(i, part, *pair, kind) for part, pair in parts.items()}
                for i, parts in enumerate(blocks)]

    def exact(self, blocks):
        """The same as f32 [in, out], to be rounded."""
        with torch.no_grad():
            return [{part: self.changed(i, part, *pair) for part, pair in parts.items()}
                    for i, parts in enumerate(blocks)]

    def layer(self, i, part, matrix, bias, kind):
        matrix, bias = self.changed(i, part, matrix, bias)
        return matrix.to(kind).t(), bias.to(kind)

    def changed(self, i, part, matrix, bias):
        name, learned = f"{i}_{part}", self.learned
        more = learned[name + "_bias"]
        if self.way == "norm" and part in trunk.NORM_BEFORE:
            norm = f"{i}_{trunk.NORM_BEFORE[part]}"
            more = more + learned[norm + "_offset"] @ matrix
            matrix = matrix * (1 + learned[norm + "_gain"])[:, None]
        off = None
        if self.way == "lora":
            out = learned[name + "_out"]
            out = out - out.mean(1, keepdim=True) if part in CENTRED else out
            off = learned[name + "_in"] @ out
        elif self.way == "full":
            off = learned[name + "_all"]
            off = off - off.mean(1, keepdim=True) if part in CENTRED else off
        if part in CENTRED:
            more = more - more.mean()
        matrix = matrix if off is None else matrix + self.share * off
        return matrix, bias + self.share * more


def run(x, layers, taps, norm=None):
    """Pooled tokens [n, 3 WIDTH] behind each block in `taps`. x f32 [n, tokens, WIDTH]."""
    norm = norm or (lambda v: F.layer_norm(v, (WIDTH,), eps=trunk.EPSILON))
    found = {}
    for i, part in enumerate(layers):
        kind = part["q"][0].dtype
        n, tokens, _ = x.shape
        y = norm(x).to(kind)
        q, k, v = (F.linear(y, *part[p]).view(n, tokens, HEADS, -1).transpose(1, 2) for p in "qkv")
        y = F.scaled_dot_product_attention(q, k, v, scale=1.0).transpose(1, 2)
        x = x + F.linear(y.reshape(n, tokens, WIDTH), *part["o"])
        y = F.linear(F.silu(F.linear(norm(x).to(kind), *part["f1"])), *part["f2"])
        x = x + y
        if i + 1 in taps:
            found[i + 1] = pooled(x)
    return found


def root_mean_square(x):
    """The norm that the program has: of tokens that are centred as they are."""
    return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + trunk.EPSILON)


def pooled(x):
    rest = x[:, 1:].float()
    mean = rest.mean(1)
    spread = (rest - mean[:, None]).square().mean(1)
    return torch.cat([x[:, 0].float(), mean, (spread + 1e-6).sqrt()], 1)


# Rounding, as quantise.py does it, of several trunks at once: [model, in, out].

def step_of(rows, bits):
    half = 2 ** (bits - 1)
    most = rows.abs().amax(1) + 1e-12
    best, error = None, None
    for share in (1.0, 0.93, 0.86, 0.8, 0.73):
        step = (share * most / (half - 0.5)).half().float().clamp_min(6e-8)
        off = rows - step[:, None] * (rows / step[:, None]).round().clamp(-half, half - 1)
        off = off.square().sum(1)
        if best is None:
            best, error = step, off
        else:
            best, error = torch.where(off < error, step, best), torch.minimum(off, error)
    return best


def rounded(matrix, moments, bits, group):
    """(whole uint8 [m, in, out], step f16 [m, in / group, out]) of matrices [m, in, out]."""
    count, wide, out = matrix.shape
    half, work = 2 ** (bits - 1), matrix.clone()
    moments = moments.double()
    damp = DAMP * moments.diagonal(dim1=1, dim2=2).mean(1)
    moments = moments + damp[:, None, None] * torch.eye(wide, device=matrix.device).double()
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(moments))
    upper = torch.linalg.cholesky(inverse).transpose(1, 2).float().contiguous()
    own = upper.diagonal(dim1=1, dim2=2)
    whole = torch.zeros(matrix.shape, dtype=torch.uint8, device=matrix.device)
    steps = torch.zeros(count, wide // group, out, device=matrix.device)
    for start in range(0, wide, BATCH):
        end = min(start + BATCH, wide)
        errors = work.new_zeros(count, end - start, out)
        for i in range(start, end):
            if i % group == 0:
                step = step_of(work[:, i:i + group], bits)
                steps[:, i // group] = step
            value = (work[:, i] / step).round_().clamp_(-half, half - 1)
            whole[:, i] = (value + half).byte()
            error = (work[:, i] - value * step) / own[:, i, None]
            errors[:, i - start] = error
            if i + 1 < end:
                work[:, i + 1:end].baddbmm_(upper[:, i, i + 1:end, None], error[:, None], alpha=-1)
        if end < wide:
            work[:, end:].baddbmm_(upper[:, start:end, end:].transpose(1, 2), errors, alpha=-1)
    return whole, steps.half()


def widened(whole, step, bits):
    values = whole.float() - 2 ** (bits - 1)
    return values * step.float().repeat_interleave(whole.shape[1] // step.shape[1], 1)


def quantised(starts, models, bits=5, group=64):
    """Rounds the layers of several models ([{part: (matrix [in, out], bias)}] each) block by block,
    on tokens `starts` [n, tokens, WIDTH] that have come through the rounded blocks before. Returns
    per model {name: array} as quantise.py writes it."""
    norm = root_mean_square
    x = starts[None].repeat(len(models), 1, 1, 1)
    found = [{} for _ in models]

    def layer(i, parts, seen):
        flat = seen.flatten(1, 2)
        moments = flat.transpose(1, 2) @ flat / flat.shape[1]
        matrix = torch.stack([torch.cat([m[i][p][0] for p in parts], 1) for m in models])
        whole, step = rounded(matrix, moments, bits, group)
        bias = torch.stack([torch.cat([m[i][p][1] for p in parts]) for m in models])
        wide = matrix.shape[2] // len(parts)
        for k, own in enumerate(found):
            for j, p in enumerate(parts):
                at = slice(j * wide, (j + 1) * wide)
                own[f"{i}.{p}"] = whole[k, :, at].cpu().numpy()
                own[f"{i}.{p}.step"] = step[k, :, at].cpu().numpy()
                own[f"{i}.{p}.bias"] = bias[k, at].cpu().numpy()
        return seen.flatten(1, 2) @ widened(whole, step, bits) + bias[:, None]

    m, n, tokens, _ = x.shape
    for i in range(DEPTH):
        y = layer(i, "qkv", norm(x)).view(m * n, tokens, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(*y, scale=1.0).transpose(1, 2)
        x = x + layer(i, ["o"], y.reshape(m, n, tokens, WIDTH)).view_as(x)
        y = F.silu(layer(i, ["f1"], norm(x))).view(m, n, tokens, -1)
        x = x + layer(i, ["f2"], y).view_as(x)
    return found


def layers_of(packed, bits, kind, device):
    """What `run` wants, from what `quantised` returns for one model."""
    def layer(name):
        whole, step = (torch.from_numpy(packed[k])[None].to(device) for k in
                       (name, name + ".step"))
        bias = torch.from_numpy(packed[name + ".bias"]).to(device, kind)
        return widened(whole, step, bits)[0].to(kind).t().contiguous(), bias
    return [{p: layer(f"{i}.{p}") for p in trunk.PARTS} for i in range(DEPTH)]
