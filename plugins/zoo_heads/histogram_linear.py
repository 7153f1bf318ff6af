"""A linear head on code histograms."""

from torch import Tensor

from zoo.contracts import ClassRows, LinearHead, Output, Resizing, StartAnew, histogram, required
from zoo_heads.running import RunningStandardize


class HistogramLinearHead(LinearHead):
    """Shares of each code per channel and level `(b c q k)`, standardised, flattened and mapped to `(b k)`.

    A channel without real tokens has shares of 0.
    """

    def __init__(self, channels: int, levels: int, codes: int, classes: int, dropout: float) -> None:
        super().__init__(channels * levels * codes, classes, dropout)
        self.codes = codes
        self.standardize = RunningStandardize(channels, levels * codes)

    def features(self, output: Output) -> Tensor:
        mask = required(output.tokens, "encoder", "count codes").mask
        counts = histogram(required(output.quantized, "quantizer", "count codes").codes, mask, self.codes)
        shares = (counts / counts.sum(-1, keepdim=True).clamp(min=1)).flatten(2)
        standardised: Tensor = self.standardize(shares, None if mask is None else mask.any(-1))
        return standardised.flatten(1)

    def settle(self) -> None:
        self.standardize.settle()

    def resizing(self) -> Resizing:
        return Resizing({"standardize": StartAnew("statistics"), "classify": ClassRows()})
