"""Lives of many squares at once, on tensors: what `lives.py` does to whole photos, one by one.

Pixels are floats from 0 to 255, [n, 3, height, width]. A draw is made per photo, so that both
looks of a photo live the same life.
"""

import math

import torch
import torch.nn.functional as F

# The example tables of the JPEG standard (ITU-T T.81, annex K).
LUMA = [16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55,
        14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
        18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
        49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99]
CHROMA = [17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99,
          24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99] + [99] * 32
TO_YCC = [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]]
TO_RGB = [[1.0, 0.0, 1.402], [1.0, -0.344136, -0.714136], [1.0, 1.772, 0.0]]


def waves_of(device):
    """[64, 64]: the cosine transform of a block of eight by eight, as one product."""
    k, x = torch.arange(8.0)[:, None], torch.arange(8.0)[None]
    basis = torch.cos(math.pi * k * (2 * x + 1) / 16) * torch.where(k == 0, math.sqrt(1 / 8), 0.5)
    return torch.kron(basis, basis).to(device)


def quantised(plane, table):
    """One colour plane [n, h, w] through the blocks of a table [n, 64]; h and w by eight."""
    n, h, w = plane.shape
    waves = waves_of(plane.device)
    blocks = plane.reshape(n, h // 8, 8, w // 8, 8).permute(0, 1, 3, 2, 4).reshape(n, -1, 64)
    table = table[:, None]
    kept = torch.round((blocks - 128) @ waves.T / table) * table
    blocks = (kept @ waves + 128).reshape(n, h // 8, w // 8, 8, 8)
    return blocks.permute(0, 1, 3, 2, 4).reshape(n, h, w)


def tables_of(quality, base):
    """[n, 64]: a table scaled as libjpeg scales it for qualities [n] from 1 to 100."""
    scale = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality)
    base = torch.tensor(base, device=quality.device, dtype=torch.float32)
    return torch.floor((base * scale[:, None] + 50) / 100).clamp(1, 255)


def jpeg(pixels, quality, half):
    """One JPEG encoding and decoding; `half` [n] tells whose colours are kept at half size."""
    h, w = pixels.shape[2:]
    padded = F.pad(pixels, (0, -w % 16, 0, -h % 16), "replicate")
    to = torch.tensor(TO_YCC, device=pixels.device)
    ycc = torch.einsum("ij,njhw->nihw", to, padded)
    ycc[:, 1:] += 128
    luma = quantised(ycc[:, 0], tables_of(quality, LUMA))
    chroma = tables_of(quality, CHROMA)
    planes = [luma]
    for k in (1, 2):
        full = quantised(ycc[:, k], chroma)
        small = quantised(F.avg_pool2d(ycc[:, k : k + 1], 2)[:, 0], chroma)
        wide = F.interpolate(small[:, None], scale_factor=2, mode="bilinear")[:, 0]
        planes.append(torch.where(half[:, None, None], wide, full))
    ycc = torch.stack(planes, 1)
    ycc[:, 1:] -= 128
    back = torch.tensor(TO_RGB, device=pixels.device)
    rgb = torch.einsum("ij,njhw->nihw", back, ycc)[:, :, :h, :w]
    return rgb.round().clamp(0, 255)


def resized(pixels, side):
    if pixels.shape[-1] == side:
        return pixels
    return F.interpolate(pixels, (side, side), mode="bilinear", antialias=True)


def cut(store, windows, mirrored, side):
    """Windows (x0, y0, side) in pixels of stored squares [n, 3, s, s], each brought to `side`."""
    n, _, s, _ = store.shape
    step = (torch.arange(side, device=store.device) + 0.5) / side
    at = torch.where(mirrored[:, None], 1 - step, step)
    x = windows[:, 0:1] + at * windows[:, 2:3]
    y = windows[:, 1:2] + step * windows[:, 2:3]
    grid = torch.stack([x[:, None].expand(n, side, side), y[:, :, None].expand(n, side, side)], 3)
    return F.grid_sample(store, grid * 2 / s - 1, "bilinear", "border", align_corners=False)


def uniform(n, low, high, device):
    return torch.rand(n, device=device) * (high - low) + low


def coloured(pixels, draw):
    """Brightness, contrast, saturation and gains, of those that `draw` [n] picks."""
    n, device = len(pixels), pixels.device
    pick = draw[:, None, None, None]
    gain = uniform(n * 3, 0.9, 1.1, device).reshape(n, 3, 1, 1)
    bright = uniform(n, 0.75, 1.3, device)[:, None, None, None]
    contrast = uniform(n, 0.75, 1.3, device)[:, None, None, None]
    colour = uniform(n, 0.5, 1.4, device)[:, None, None, None]
    grey = pixels.mean(1, keepdim=True)
    mean = grey.mean((2, 3), keepdim=True)
    changed = grey + (pixels - grey) * colour
    changed = ((changed - mean) * contrast + mean) * bright * gain
    return torch.where(pick, changed.clamp(0, 255), pixels)


def touched(pixels, chance):
    """Colour filters, grey, noise and blur, each for some photos."""
    n, device = len(pixels), pixels.device
    pixels = coloured(pixels, torch.rand(n, device=device) < chance)
    grey = (torch.rand(n, device=device) < 0.1 * chance)[:, None, None, None]
    pixels = torch.where(grey, pixels.mean(1, keepdim=True).expand_as(pixels), pixels)
    strength = uniform(n, 1, 6, device) * (torch.rand(n, device=device) < 0.3 * chance)
    pixels = pixels + torch.randn_like(pixels) * strength[:, None, None, None]
    soft = F.avg_pool2d(F.pad(pixels, (1, 1, 1, 1), "replicate"), 3, 1)
    share = uniform(n, -0.8, 1, device) * (torch.rand(n, device=device) < 0.4 * chance)
    share = share[:, None, None, None]  # below nought it sharpens
    return (pixels + (soft - pixels) * share).clamp(0, 255)


def lived(pixels, side, chance, hard):
    """One random life of a group of squares that share their size; then the look's own size.

    `hard` groups are brought down to 96 to 224 px and encoded at 35 to 80, the others keep up to
    their full size and are encoded at 75 to 98 or not at all.
    """
    n, device = len(pixels), pixels.device
    full = pixels.shape[-1]
    low, high = (96, 224) if hard else (200, full)
    goal = int(math.exp(float(uniform(1, math.log(low), math.log(high + 1), device))))
    pixels = touched(resized(pixels, min(goal, full)), chance)
    quality = uniform(n, 35, 80, device) if hard else uniform(n, 75, 98, device)
    half = torch.rand(n, device=device) < (0.9 if hard else 0.5)
    coded = jpeg(pixels, quality.floor(), half)
    if not hard:
        keep = (torch.rand(n, device=device) < 0.35)[:, None, None, None]
        coded = torch.where(keep, pixels, coded)
    return resized(coded, side)
