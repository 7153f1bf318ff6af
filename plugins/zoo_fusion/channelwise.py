"""Channels without fusion."""

from torch import Tensor

from zoo.contracts import Fusion


class ChannelwiseFusion(Fusion):
    """`(b c t) -> (b c t)`, and back."""

    def fold(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
        return x, mask

    def unfold(self, series: Tensor) -> Tensor:
        return series
