"""A linear head on tokens."""

from typing import Literal

import torch
from torch import Tensor
from zoo_registry import Shape

from zoo.contracts import ClassRows, LinearHead, Output, Resizing, StartAnew, Tokens, required
from zoo_heads.moments import moments
from zoo_heads.running import RunningStandardize
from zoo_heads.units import in_units, of_series


class TokenLinearHead(LinearHead):
    """Quantized tokens `(b c n d)`, pooled or kept in order, standardised and mapped to `(b k)`.

    Padded tokens are 0 if tokens are kept in order, and are left out if tokens are pooled. In the data's units, two
    features per series are added: its mean and log deviation.
    """

    def __init__(
        self,
        x: Shape,
        classes: int,
        dropout: float,
        pool: Literal["none", "moments"],
        units: Literal["data", "scale"],
    ) -> None:
        series, places, width = (x["c"], x["n"], x["d"]) if pool == "none" else (x["c"], 1, 2 * x["d"])
        own = 2 if units == "data" else 0
        super().__init__(series * (places * width + own), classes, dropout)
        self.pool, self.units = pool, units
        self.standardize = RunningStandardize(series * places, width)
        self.series = RunningStandardize(series, own) if own else None

    def features(self, output: Output) -> Tensor:
        tokens = required(output.coded, "encoder", "classify tokens")
        read = self._read(tokens, output).to(self.standardize.mean.dtype)
        known = None if tokens.mask is None else tokens.mask.any(-1)
        if self.pool == "moments":
            found: Tensor = self.standardize(moments(read, tokens.mask), known).flatten(1)
        else:
            real = None if tokens.mask is None else tokens.mask.flatten(1)
            found = self.standardize(read.flatten(1, 2), real).flatten(1)
        if self.series is None:
            return found
        return torch.cat([found, self.series(of_series(output.scale, read), known).flatten(1)], -1)

    def _read(self, tokens: Tokens, output: Output) -> Tensor:
        if self.units == "scale" or not tokens.attributes:
            return tokens.features()
        return torch.cat([tokens.values, in_units(tokens.attributes, output.scale)], -1)

    def settle(self) -> None:
        self.standardize.settle()
        if self.series is not None:
            self.series.settle()

    def resizing(self) -> Resizing:
        restarted = {"standardize": StartAnew("statistics"), "classify": ClassRows()}
        return Resizing(restarted if self.series is None else restarted | {"series": StartAnew("statistics")})
