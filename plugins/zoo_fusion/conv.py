"""Channels mixed by a convolution."""

import torch
from torch import Tensor, nn

from zoo.contracts import Fusion, instance_scale


class ConvFusion(Fusion):
    """`(b c t) -> (b c' t)` by one convolution, and back by another.

    Unobserved samples count as their channel's mean; a mixed sample is observed where any channel was.
    """

    def __init__(self, channels: int, mixed: int, kernel: int) -> None:
        super().__init__()
        self.mixed = mixed
        self.mixing = nn.Conv1d(channels, mixed, kernel, padding=kernel // 2)
        self.unmixing = nn.Conv1d(mixed, channels, kernel, padding=kernel // 2)

    def fold(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
        if mask is None:
            return self.mixing(x), None
        mean, _ = instance_scale(x, mask)
        return self.mixing(torch.where(mask, x, mean)), mask.any(1, keepdim=True).expand(-1, self.mixed, -1)

    def unfold(self, series: Tensor) -> Tensor:
        channels: Tensor = self.unmixing(series)
        return channels
