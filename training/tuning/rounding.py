"""Rounding of several trunks at once on a GPU, as lib/rounding.py does it: [model, in, out]."""

import torch
from torch.nn import functional as F

from lib import rounding, trunk
from lib.trunk import DEPTH, HEADS, WIDTH
from tuning import trunk as torch_trunk


def choose_step(rows, bits):
    """Chooses for groups of rows [model, group, out] the steps of the least squared error."""
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


def round_matrices(matrix, moments, bits, group):
    """Rounds matrices [m, in, out]: whole numbers uint8 [m, in, out], steps f16
    [m, in / group, out]."""
    count, wide, out = matrix.shape
    half, work = 2 ** (bits - 1), matrix.clone()
    moments = moments.double()
    damp = rounding.DAMP * moments.diagonal(dim1=1, dim2=2).mean(1)
    moments = moments + damp[:, None, None] * torch.eye(wide, device=matrix.device).double()
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(moments))
    upper = torch.linalg.cholesky(inverse).transpose(1, 2).float().contiguous()
    own = upper.diagonal(dim1=1, dim2=2)
    whole = torch.zeros(matrix.shape, dtype=torch.uint8, device=matrix.device)
    steps = torch.zeros(count, wide // group, out, device=matrix.device)
    for start in range(0, wide, rounding.BATCH):
        end = min(start + rounding.BATCH, wide)
        errors = work.new_zeros(count, end - start, out)
        for i in range(start, end):
            if i % group == 0:
                step = choose_step(work[:, i:i + group], bits)
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


def widen(whole, step, bits):
    """Turns what `round_matrices` returns back into f32 [m, in, out]."""
    values = whole.float() - 2 ** (bits - 1)
    return values * step.float().repeat_interleave(whole.shape[1] // step.shape[1], 1)


def round_trunks(tokens, models, bits=5, group=64):
    """Rounds the layers of several models ([{part: (matrix [in, out], bias)}] each) block by block,
    on `tokens` [n, tokens, WIDTH] that have come through the rounded blocks before. Returns for
    each model {name: array}, as lib/trunk.py describes."""
    norm = torch_trunk.norm_centred
    x = tokens[None].repeat(len(models), 1, 1, 1)
    found = [{} for _ in models]

    def layer(i, parts, inputs):
        flat = inputs.flatten(1, 2)
        moments = flat.transpose(1, 2) @ flat / flat.shape[1]
        matrix = torch.stack([torch.cat([m[i][p][0] for p in parts], 1) for m in models])
        whole, step = round_matrices(matrix, moments, bits, group)
        bias = torch.stack([torch.cat([m[i][p][1] for p in parts]) for m in models])
        wide = matrix.shape[2] // len(parts)
        for k, own in enumerate(found):
            for j, p in enumerate(parts):
                at = slice(j * wide, (j + 1) * wide)
                own[f"{i}.{p}"] = whole[k, :, at].cpu().numpy()
                own[f"{i}.{p}.step"] = step[k, :, at].cpu().numpy()
                own[f"{i}.{p}.bias"] = bias[k, at].cpu().numpy()
        return flat @ widen(whole, step, bits) + bias[:, None]

    m, n, count, _ = x.shape
    for i in range(DEPTH):
        y = layer(i, "qkv", norm(x)).view(m * n, count, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(*y, scale=1.0).transpose(1, 2)
        x = x + layer(i, ["o"], y.reshape(m, n, count, WIDTH)).view_as(x)
        y = F.silu(layer(i, ["f1"], norm(x))).view(m, n, count, -1)
        x = x + layer(i, ["f2"], y).view_as(x)
    return found


def widen_blocks(packed, bits, device):
    """Returns the folded layers of one model, [in, out] and bias in f32."""
    def layer(name):
        whole, step = (torch.from_numpy(packed[k])[None].to(device) for k in
                       (name, name + ".step"))
        return widen(whole, step, bits)[0], torch.from_numpy(packed[name + ".bias"]).to(device)
    return [{p: layer(f"{i}.{p}") for p in trunk.PARTS} for i in range(DEPTH)]


def widen_layers(packed, bits, dtype, device):
    """Returns the layers for `run_trunk` from what `round_trunks` returns for one model."""
    return [{p: (matrix.to(dtype).t().contiguous(), bias.to(dtype))
             for p, (matrix, bias) in parts.items()}
            for parts in widen_blocks(packed, bits, device)]
