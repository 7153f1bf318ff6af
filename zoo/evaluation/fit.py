"""Errors and spreads of rebuilt series: the sums behind every score of a reconstruction."""

from collections.abc import Mapping

import torch
from torch import Tensor

from zoo.contracts import observed

Sums = Mapping[str, Tensor]
"""Sums over windows by name: `count` of observed samples, squared `error`, spread `within` windows, and others."""

_ROUNDING = 1e-12


def errors(x: Tensor, rebuilt: Tensor, seen: Tensor) -> dict[str, Tensor]:
    """Observed samples, squared errors, and spread about each series' own mean: `(... t) -> (...)` each."""
    return {
        "count": seen.sum(-1),
        "error": ((x - rebuilt) * seen).square().sum(-1),
        "within": centred(x, seen).square().sum(-1),
    }


def seen_in(x: Tensor, mask: Tensor | None) -> Tensor:
    """1 where ``x`` was observed, else 0."""
    return observed(mask, x).double()


def centred(x: Tensor, seen: Tensor) -> Tensor:
    """Each series `(... t)` minus its mean over observed samples; 0 elsewhere.

    The rounding error of a constant series counts as 0: a sensor at rest must not seem to vary.
    """
    mean = (x * seen).sum(-1, keepdim=True) / seen.sum(-1, keepdim=True).clamp(min=1)
    found = (x - mean) * seen
    return torch.where(found.abs() <= _ROUNDING * mean.abs(), 0.0, found)


def mse(sums: Sums) -> float:
    """Mean squared error over observed samples."""
    return float(sums["error"] / sums["count"].clamp(min=1))


def r2(sums: Sums) -> float | None:
    """1 − error / spread about each series' own mean; None if nothing varies."""
    return None if sums["within"] <= 0 else 1 - float(sums["error"] / sums["within"])


def ratio(numerator: Tensor, denominator: Tensor) -> float | None:
    """Their quotient; None if the denominator is 0."""
    return float(numerator / denominator) if float(denominator) > 0 else None
