"""Read the stretches of a series under its tokens, at evenly spaced places."""

import torch
from torch import Tensor


def read_stretches(
    series: Tensor, start: Tensor, length: Tensor, samples: int, mask: Tensor | None = None
) -> tuple[Tensor, Tensor | None]:
    """``series (b c t)`` read linearly at ``samples`` places per token; ``start`` and ``length (b c n)`` are shares.

    Places run from start · (t − 1) to min(start + length, 1) · (t − 1). Returns `(b c n s)` and, given a
    ``mask (b c t)``, which of them lie between observed samples.
    """
    if mask is not None:
        series = torch.where(mask, series, 0)
    steps = torch.linspace(0, 1, samples, dtype=series.dtype, device=series.device)
    start = start.to(series.dtype)
    end = (start + length.to(series.dtype)).clamp(max=1)
    place = (start.unsqueeze(-1) + (end - start).unsqueeze(-1) * steps) * (series.shape[-1] - 1)
    left = place.detach().long().clamp(0, series.shape[-1] - 2)
    share = place - left
    values = torch.lerp(_at(series, left), _at(series, left + 1), share)
    if mask is None:
        return values, None
    return values, (_at(mask, left) | (share >= 1)) & (_at(mask, left + 1) | (share <= 0))


def _at(series: Tensor, index: Tensor) -> Tensor:
    return series.gather(-1, index.flatten(-2)).view_as(index)
