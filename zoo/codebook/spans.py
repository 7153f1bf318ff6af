"""Stretches of a series under its tokens, read at evenly spaced places."""

import torch
from torch import Tensor


def read_spans(series: Tensor, start: Tensor, length: Tensor, samples: int) -> Tensor:
    """``series (b c t)`` read linearly from ``start`` to at most its end, both shares `(b c n)`: `(b c n s)`."""
    steps = torch.linspace(0, 1, samples, dtype=series.dtype, device=series.device)
    end = (start + length).clamp(max=1)
    place = torch.lerp(start.unsqueeze(-1), end.unsqueeze(-1), steps) * (series.shape[-1] - 1)
    left = place.long().clamp(0, series.shape[-1] - 2)
    return torch.lerp(_at(series, left), _at(series, left + 1), place - left)


def _at(series: Tensor, index: Tensor) -> Tensor:
    return series.gather(-1, index.flatten(-2)).view_as(index)
