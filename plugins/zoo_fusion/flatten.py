"""All channels in one series."""

from einops import rearrange
from torch import Tensor

from zoo.contracts import Fusion


class ChannelMajor(Fusion):
    """`(b c t) -> (b 1 (c t))`: one channel after another."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels

    def fold(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
        return x.flatten(1)[:, None], None if mask is None else mask.flatten(1)[:, None]

    def unfold(self, series: Tensor) -> Tensor:
        return rearrange(series, "b 1 (c t) -> b c t", c=self.channels)


class TimeMajor(Fusion):
    """`(b c t) -> (b 1 (t c))`: the channels interleaved sample by sample."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels

    def fold(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
        pattern = "b c t -> b 1 (t c)"
        return rearrange(x, pattern), None if mask is None else rearrange(mask, pattern)

    def unfold(self, series: Tensor) -> Tensor:
        return rearrange(series, "b 1 (t c) -> b c t", c=self.channels)
