"""Moving averages of drawn and true shapes."""

import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional as F


def smoothed(values: Tensor, width: int, mask: Tensor | None = None) -> Tensor:
    """Moving average over ``width`` of `(b c n s)`, with repeated edges and without samples that are False in
    ``mask``."""
    if width == 1:
        return values
    if mask is None:
        return _average(values, width)
    observed = mask.to(values.dtype)
    return _average(torch.where(mask, values, 0), width) / _average(observed, width).clamp(min=0.5 / width)


def _average(values: Tensor, width: int) -> Tensor:
    flat = rearrange(values, "b c n s -> (b c) n s")
    padded = F.pad(flat, (width // 2, width // 2), mode="replicate")
    return F.avg_pool1d(padded, width, stride=1).view_as(values)
