"""The mean of the channels as one series."""

import torch
from torch import Tensor

from zoo.contracts import Fusion


class MeanFusion(Fusion):
    """`(b c t) -> (b 1 t)`: the mean of the channels observed at each sample; unfolding repeats it for every
    channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels

    def fold(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
        if mask is None:
            return x.mean(1, keepdim=True), None
        total = torch.where(mask, x, 0).sum(1, keepdim=True)
        return total / mask.sum(1, keepdim=True).clamp(min=1), mask.any(1, keepdim=True)

    def unfold(self, series: Tensor) -> Tensor:
        return series.expand(-1, self.channels, -1)
