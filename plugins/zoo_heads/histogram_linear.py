"""A linear head on code histograms."""

import torch
from einops import rearrange
from torch import Tensor, nn

from zoo.contracts import Head, Output
from zoo_heads.running import RunningStandardize


class HistogramLinearHead(Head):
    """Shares of each code per channel and level `(b c q k)`, standardised, flattened and mapped to `(b k)`."""

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
        shares = histogram(output.quantized.codes, mask, self.codes).flatten(2)
        features = self.standardize(shares, None if mask is None else mask.any(-1))
        logits: Tensor = self.classify(self.dropout(features.flatten(1)))
        return logits


def histogram(codes: Tensor, mask: Tensor | None, size: int) -> Tensor:
    """Share of each of ``size`` codes among the real tokens of a channel: `(b c n q) -> (b c q k)`.

    A channel without real tokens has shares of 0.
    """
    index = rearrange(codes, "b c n q -> b c q n")
    real = torch.ones_like(index, dtype=torch.bool) if mask is None else mask.unsqueeze(2).expand_as(index)
    counts = torch.zeros(*index.shape[:-1], size, device=codes.device).scatter_add(-1, index, real.float())
    return counts / counts.sum(-1, keepdim=True).clamp(min=1)
