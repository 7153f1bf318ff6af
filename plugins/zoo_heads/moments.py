"""Moments of tokens over their positions."""

import torch
from torch import Tensor

from zoo.contracts import observed

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
