"""Channels scaled to [0, 1] by their range in the training split, held as buffers."""

import torch
from torch import Tensor

from zoo.contracts import Adapted, TrainingWindows, observed

_MOST = 4096


class UnitRange(Adapted):
    """`(b c t) -> (b c t)`: (x − low) / (high − low) per channel, clipped to [0, 1].

    ``low`` and ``high`` are the least and the largest observed value of up to 4096 training windows, evenly spread. A
    channel that is constant there becomes 0 or 1.
    """

    needs = "the range of each channel in its training data"

    low: Tensor
    high: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("low", torch.zeros(channels))
        self.register_buffer("high", torch.ones(channels))

    def adapt(self, windows: TrainingWindows) -> None:
        """Set the range of the training split."""
        x, mask = windows.some(_MOST)
        seen = observed(mask, x)
        limit = torch.finfo(x.dtype).max
        low = torch.where(seen, x, limit).amin((0, 2))
        self.fill(low, torch.where(seen, x, -limit).amax((0, 2)))

    @torch.no_grad()
    def fill(self, low: Tensor, high: Tensor) -> None:
        """Set the range `(c)` of each channel; one without extent counts as 1 wide."""
        self.low.copy_(low)
        self.high.copy_(torch.where(high > low, high, low + 1))
        self.mark_filled()

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Scale ``x``; raise BundleError if the range was not filled."""
        self.require_filled()
        low, high = self.low[:, None], self.high[:, None]
        return ((x - low) / (high - low)).clamp(0, 1)
