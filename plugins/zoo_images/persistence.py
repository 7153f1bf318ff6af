"""Persistence images (Adams et al. 2017, JMLR 18(8)) of channels as functions on a path."""

import torch
from einops import rearrange
from torch import Tensor

from zoo.contracts import Image, Standardize, observed
from zoo_images.diagram import diagram, surface
from zoo_images.grid import Grid, Scale
from zoo_images.unit_range import UnitRange


class PersistenceImage(Image):
    """`(b c t) -> (b c h w)`, h = w = size, values in [0, 1]: births from left to right, the longest lifetimes on top.

    Each channel is scaled as ``grid`` says, then becomes the diagram of its sublevel sets. A point weighs as much as it
    lives, and is spread by a Gaussian. An image without points is 0. The grid is that of `persim.PersImage`: cells of
    side high / size, whose lower edges divide low to high and 0 to high evenly, so cells of births have gaps between
    them where low < 0. No gradient reaches the signal.
    """

    births: Tensor
    lifetimes: Tensor

    def __init__(self, channels: int, size: int, grid: Grid) -> None:
        super().__init__()
        self.grid, self.cell = grid, grid.high / size
        self.scale = _scale(grid.scale, channels)
        births = torch.linspace(min(grid.low, 0.0), grid.high, size, dtype=torch.float64)
        self.register_buffer("births", births, persistent=False)
        lifetimes = torch.linspace(0, grid.high, size, dtype=torch.float64)
        self.register_buffer("lifetimes", lifetimes, persistent=False)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Image of `x (b c t)`, in its dtype; ``mask`` is True where observed."""
        pairs = rearrange(self.diagram(x, mask), "b c m ends -> (b c) m ends")
        images = surface(pairs, self.births, self.lifetimes, self.cell, self.grid.spread, self.grid.threshold)
        return rearrange(images, "(b c) h w -> b c h w", c=x.shape[1]).to(x.dtype)

    def diagram(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Births and deaths of the scaled channels, `(b c m 2)` in float64; unused rows have a lifetime of 0."""
        scaled = x if self.scale is None else self.scale(x, mask)
        pairs = diagram(scaled.flatten(0, 1), observed(mask, x).flatten(0, 1))
        return rearrange(pairs, "(b c) m ends -> b c m ends", c=x.shape[1])


def _scale(scale: Scale, channels: int) -> Standardize | UnitRange | None:
    if scale == "none":
        return None
    return Standardize(channels) if scale == "standard" else UnitRange(channels)
