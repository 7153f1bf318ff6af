"""A linear head on tokens, with their attributes in the data's units, pooled or in order."""

from typing import Literal

import torch
from torch import Tensor
from zoo_registry import Shape

from zoo.contracts import (
    Attributes,
    ClassRows,
    LinearHead,
    Output,
    Resizing,
    Scale,
    StartAnew,
    Tokens,
    observed,
    required,
)
from zoo_heads.running import RunningStandardize


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


_EPSILON = 1e-10
"""Added to a variance, because the gradient of a deviation is infinite at 0."""


def moments(features: Tensor, mask: Tensor | None) -> Tensor:
    """Mean and deviation of each feature `(b c n f)` over the real tokens of its series: `(b c 2f)`, 0 if there are
    none."""
    weight = observed(mask, features[..., :1]).to(features.dtype)
    count = weight.sum(2).clamp(min=1)
    mean = torch.where(weight > 0, features, 0).sum(2) / count
    variance = torch.where(weight > 0, features - mean[:, :, None], 0).square().sum(2) / count
    found = torch.cat([mean, (variance + _EPSILON).sqrt()], -1)
    return torch.where(weight.sum(2) > 0, found, 0)


FLOOR = 0.01
"""Lower bound on sigma, in deviations of its series: the logarithm of a smaller value carries no information."""


def in_units(attributes: Attributes, scale: Scale | None) -> Tensor:
    """``attributes`` with mu in the data's units and the logarithm of sigma in the same units, `(b c n a)`.

    ``scale`` is the offset and scale that were removed from each series; None if there were none.
    """
    found = dict(attributes)
    if "mu" in found and scale is not None:
        found["mu"] = found["mu"] * scale.std + scale.mean
    if "sigma" in found:
        log_sigma = found["sigma"].clamp(min=FLOOR).log()
        found["sigma"] = log_sigma if scale is None else log_sigma + scale.std.log()
    return torch.stack(list(found.values()), -1)


def of_series(scale: Scale | None, like: Tensor) -> Tensor:
    """Mean and log deviation of each series of tokens ``like (b c n d)``, `(b c 2)`.

    They are 0 if the model removes no scale, or if tokens come from an image, whose series are not those of the signal.
    """
    if scale is None or scale.mean.shape[:2] != like.shape[:2]:
        return like.new_zeros(*like.shape[:2], 2)
    return torch.cat([scale.mean, scale.std.log()], -1).to(like.dtype)
