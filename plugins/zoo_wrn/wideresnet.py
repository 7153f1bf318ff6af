"""WideResNet with pre-activation blocks, for series and for images.

Zagoruyko & Komodakis 2016, "Wide Residual Networks", arXiv:1605.07146. Modules have the names used in the checkpoints
published with teacher-student work on wearable sensors, so that these load without renaming.
"""

from typing import NamedTuple

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.contracts import ClassRows, Resizing

RESIZING = Resizing({"fc": ClassRows()}, tuple(f"block{stage}.nblockLayer" for stage in (1, 2, 3)))
"""A network of another depth takes the blocks it can; one for other classes initialises its last layer again."""


class Layers(NamedTuple):
    """Convolution and normalisation for inputs of one dimensionality."""

    conv: type[nn.Conv1d] | type[nn.Conv2d]
    batch_norm: type[nn.BatchNorm1d] | type[nn.BatchNorm2d]


SERIES = Layers(nn.Conv1d, nn.BatchNorm1d)
IMAGES = Layers(nn.Conv2d, nn.BatchNorm2d)


class Block(nn.Module):
    """Two convolutions of width 3, each after batch norm and ReLU, plus a shortcut.

    If channels or stride change, the shortcut is a convolution of width 1 on the normalised input; else it is the
    input.
    """

    def __init__(self, layers: Layers, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.batch_norm1 = layers.batch_norm(inputs)
        self.conv1 = layers.conv(inputs, outputs, 3, stride, padding=1, bias=False)
        self.batch_norm2 = layers.batch_norm(outputs)
        self.conv2 = layers.conv(outputs, outputs, 3, padding=1, bias=False)
        same = inputs == outputs and stride == 1
        self.conv_inp = None if same else layers.conv(inputs, outputs, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """`(b inputs ...) -> (b outputs ...)`, each further axis divided by the stride, rounded up."""
        active = F.relu(self.batch_norm1(x))
        shortcut = x if self.conv_inp is None else self.conv_inp(active)
        residual: Tensor = self.conv2(F.relu(self.batch_norm2(self.conv1(active))))
        return residual + shortcut


class Stage(nn.Module):
    """Blocks of one width; the first has the stride."""

    def __init__(self, layers: Layers, inputs: int, outputs: int, blocks: int, stride: int) -> None:
        super().__init__()
        first = Block(layers, inputs, outputs, stride)
        self.nblockLayer = nn.Sequential(first, *(Block(layers, outputs, outputs, 1) for _ in range(blocks - 1)))

    def forward(self, x: Tensor) -> Tensor:
        """`(b inputs ...) -> (b outputs ...)`."""
        out: Tensor = self.nblockLayer(x)
        return out


class WideResNet(nn.Module):
    """`(b c t)` or `(b c h w) -> (b k)`: stem, three stages of (depth - 4) / 6 blocks, mean pooling, linear layer."""

    def __init__(self, layers: Layers, channels: int, classes: int, depth: int, width: int) -> None:
        super().__init__()
        blocks = (depth - 4) // 6
        self.conv1 = layers.conv(channels, 16, 3, padding=1, bias=False)
        self.block1 = Stage(layers, 16, 16 * width, blocks, 1)
        self.block2 = Stage(layers, 16 * width, 32 * width, blocks, 2)
        self.block3 = Stage(layers, 32 * width, 64 * width, blocks, 2)
        self.batch_norm = layers.batch_norm(64 * width)
        self.fc = nn.Linear(64 * width, classes)
        for module in self.modules():
            if isinstance(module, layers.conv):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(self.fc.bias)

    def features(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Raw outputs of the three stages: `(b 16w t)`, `(b 32w t/2)`, `(b 64w t/4)`; the same for images.

        Sizes are rounded up.
        """
        first: Tensor = self.block1(self.conv1(x))
        second: Tensor = self.block2(first)
        third: Tensor = self.block3(second)
        return first, second, third

    def forward(self, x: Tensor, observed: Tensor | None = None) -> Tensor:
        """Logits; ``observed (b p)`` is True at positions of the last stage that are pooled; None means all."""
        return self.classify(self.features(x)[-1], observed)

    def classify(self, last: Tensor, observed: Tensor | None = None) -> Tensor:
        """Logits of the output ``last`` of the last stage."""
        positions = rearrange(F.relu(self.batch_norm(last)), "b d ... -> b d (...)")
        logits: Tensor = self.fc(_pool(positions, observed))
        return logits


def _pool(positions: Tensor, observed: Tensor | None) -> Tensor:
    """Mean `(b d p) -> (b d)` over observed positions; 0 if there are none."""
    if observed is None:
        return positions.mean(-1)
    observed = observed.unsqueeze(1)
    # Mean times ratio: the ratio is exactly 1 in any precision if everything is observed.
    ratio = observed.shape[-1] / observed.sum(-1).clamp(min=1)
    return torch.where(observed, positions, 0).mean(-1) * ratio.to(positions.dtype)
