"""The centre and scale at which features are weighed against each other."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

_PART = 1024
_CONSTANT = 1e-6
"""A deviation of less than this share of the mean's size is rounding, in float32."""


def slices(size: int) -> Iterator[slice]:
    """Ranges that cover ``size`` rows or columns, as many as are brought to double precision at a time."""
    return (slice(start, min(start + _PART, size)) for start in range(0, size, _PART))


class Scaling(NamedTuple):
    """Of each feature: its mean, and what it is multiplied by once that is off, `(f)` each, float64."""

    mean: Tensor
    factor: Tensor

    def apply(self, features: Tensor, part: slice = slice(None)) -> Tensor:
        """Rows `(n p)` of the features in ``part``, centred and scaled, float64."""
        return (features.double() - self.mean[part]) * self.factor[part]


def find_scaling(features: Tensor, blocks: Sequence[int] | None) -> Scaling:
    """Scaling of `features (n f)` by which all blocks weigh alike and rows have a squared norm of 1 on average.

    ``blocks`` are sizes of neighbouring features that share one factor, f in sum; None gives each feature its own. A
    constant feature gets the factor 0.
    """
    found = [torch.var_mean(features[:, part].double(), 0, correction=0) for part in slices(features.shape[1])]
    spread, mean = (torch.cat(parts) for parts in zip(*found, strict=True))
    spread = torch.where(spread.sqrt() > _CONSTANT * mean.abs(), spread, 0)
    sizes = torch.tensor(list(blocks) if blocks is not None else [1] * len(mean))
    block = torch.repeat_interleave(torch.arange(len(sizes)), sizes)
    norms = torch.zeros(len(sizes), dtype=torch.float64).index_add_(0, block, spread)
    living = (norms > 0).sum()
    factor = torch.where(spread > 0, (norms[block] * living).rsqrt(), 0)
    return Scaling(mean, factor)
