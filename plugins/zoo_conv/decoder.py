"""Convolutional decoder that alternates interpolation and convolution."""

from einops import rearrange
from torch import nn
from torch.nn import functional as F

from zoo.contracts import CentreKernel, Decoded, Decoder, Resizing, Tokens, zeroed
from zoo_conv.block import ResidualBlock


class ResizeDecoder(Decoder):
    """`(b c n d) -> (b c t)`, each series independently, for any n and t.

    Linear interpolation alternates with residual blocks, in ``layers`` steps of equal ratio. Unlike transposed
    convolutions, interpolation causes no checkerboard artefacts (Odena et al. 2016). Padded tokens count as 0.
    """

    def __init__(self, width: int, tokens: int, length: int, dim: int, layers: int, kernel: int) -> None:
        super().__init__()
        self.sizes = [round(tokens * (length / tokens) ** (step / layers)) for step in range(1, layers + 1)]
        self.project = nn.Conv1d(width, dim, 1)
        self.blocks = nn.ModuleList(ResidualBlock(dim, kernel) for _ in self.sizes)
        self.norm = nn.LayerNorm(dim)
        self.draw = nn.Linear(dim, 1)

    def forward(self, tokens: Tokens) -> Decoded:
        channels = tokens.values.shape[1]
        hidden = self.project(rearrange(zeroed(tokens.values, tokens.mask), "b c n d -> (b c) d n"))
        for size, block in zip(self.sizes, self.blocks, strict=True):
            hidden = block(F.interpolate(hidden, size=size, mode="linear"))
        series = self.draw(self.norm(hidden.mT))
        return Decoded(rearrange(series, "(b c) t 1 -> b c t", c=channels))

    def resizing(self) -> Resizing:
        kernels = {f"blocks.{index}.conv": CentreKernel() for index in range(len(self.blocks))}
        return Resizing(kernels, ("blocks",))
