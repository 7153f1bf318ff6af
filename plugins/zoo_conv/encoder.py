"""Strided convolutional encoder."""

from itertools import pairwise

from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.contracts import CentreKernel, Encoder, Resizing, Tokens, zeroed
from zoo_conv.block import ResidualBlock


class StridedEncoder(Encoder):
    """`(b c t) -> (b c n d)`, each series independently, n = ⌈t / stride^layers⌉.

    A token is real if its own window of stride^layers samples has an observed sample. Every convolution reads 0 at
    unobserved positions, so that padding at the end of a series does not change its tokens.
    """

    def __init__(self, dim: int, layers: int, stride: int, kernel: int) -> None:
        super().__init__()
        widths = pairwise([1] + [dim] * layers)
        self.stages = nn.ModuleList(DownStage(source, target, stride, kernel) for source, target in widths)
        self.norm = nn.LayerNorm(dim)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tokens:
        channels = x.shape[1]
        hidden = rearrange(x, "b c t -> (b c) 1 t")
        real = None if mask is None else rearrange(mask, "b c t -> (b c) 1 t")
        for stage in self.stages:
            hidden, real = stage(hidden, real)
        values = rearrange(self.norm(hidden.mT), "(b c) n d -> b c n d", c=channels)
        if real is None:
            return Tokens(values)
        mask = rearrange(real, "(b c) 1 n -> b c n", c=channels)
        return Tokens(zeroed(values, mask), mask)

    def resizing(self) -> Resizing:
        kernels = {f"stages.{index}.block.conv": CentreKernel() for index in range(len(self.stages))}
        return Resizing(kernels, ("stages",))


class DownStage(nn.Module):
    """`(b d t) -> (b d' ⌈t / stride⌉)`: a convolution with a kernel of two strides, then a residual block."""

    def __init__(self, source: int, target: int, stride: int, kernel: int) -> None:
        super().__init__()
        self.stride = stride
        self.conv = nn.Conv1d(source, target, 2 * stride, stride)
        self.block = ResidualBlock(target, kernel)

    def forward(self, x: Tensor, real: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Hidden series, and the mask (b 1 t') of its real positions."""
        short = -x.shape[-1] % self.stride
        before = self.stride // 2
        padded = F.pad(zeroed(x, real), (before, self.stride - before + short))
        if real is not None:
            real = rearrange(F.pad(real, (0, short)), "b 1 (n s) -> b 1 n s", s=self.stride).any(-1)
        return self.block(self.conv(padded), real), real
