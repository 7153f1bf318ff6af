"""A linear head on code histograms."""

from torch import Tensor, nn

from zoo.contracts import Head, Output, Resizing, StartAnew, histogram
from zoo_heads.running import RunningStandardize


class HistogramLinearHead(Head):
    """Shares of each code per channel and level `(b c q k)`, standardised, flattened and mapped to `(b k)`.

    A channel without real tokens has shares of 0.
    """

    def __init__(self, channels: int, levels: int, codes: int, classes: int, dropout: float) -> None:
        super().__init__()
        self.codes = codes
        self.standardize = RunningStandardize(channels, levels * codes)
        self.dropout = nn.Dropout(dropout)
        self.classify = nn.Linear(channels * levels * codes, classes)

    def forward(self, output: Output) -> Tensor:
        assert output.quantized is not None
        assert output.tokens is not None
        mask = output.tokens.mask
        counts = histogram(output.quantized.codes, mask, self.codes)
        shares = (counts / counts.sum(-1, keepdim=True).clamp(min=1)).flatten(2)
        features = self.standardize(shares, None if mask is None else mask.any(-1))
        logits: Tensor = self.classify(self.dropout(features.flatten(1)))
        return logits

    def resizing(self) -> Resizing:
        return Resizing({"standardize": StartAnew("statistics"), "classify": StartAnew("the class head")})
