"""Stretches of a signal at one scale: their shapes, and the level and deviation that were taken off."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F


class Stretches(NamedTuple):
    """Shapes `axis (b c p s)` of each channel and `joint (b 1 p c·s)` of all, ``mu`` and ``sigma (b c p)``.

    ``seen (b c p)`` is True where all samples of a stretch were observed; None means everywhere.
    """

    axis: Tensor
    joint: Tensor
    mu: Tensor
    sigma: Tensor
    seen: Tensor | None

    @property
    def seen_jointly(self) -> Tensor | None:
        """`(b 1 p)`, True where a stretch was observed in all channels."""
        return None if self.seen is None else self.seen.all(1, keepdim=True)


def read(x: Tensor, mask: Tensor | None, samples: int, scale: int, step: int, floor: float) -> Stretches:
    """Stretches of `x (b c t)`, which is 0 where unobserved, from every ``step``-th sample on.

    Each has ``samples`` means over ``scale`` samples, less their mean, over √(variance + floor²): a stretch that
    hardly moves stays near nothing. A joint shape has each channel less its own mean, over one deviation of all.
    """
    means = F.avg_pool1d(x, scale, 1) if scale > 1 else x
    values = means.unfold(-1, (samples - 1) * scale + 1, step)[..., ::scale]
    mu = values.mean(-1)
    away = values - mu.unsqueeze(-1)
    variance = away.square().mean(-1)
    axis = away * (variance + floor**2).rsqrt().unsqueeze(-1)
    joint = away * (variance.mean(1, keepdim=True) + floor**2).rsqrt().unsqueeze(-1)
    return Stretches(
        axis=axis,
        joint=joint.transpose(1, 2).flatten(2).unsqueeze(1),
        mu=mu,
        sigma=(variance + _LEAST).sqrt(),
        seen=None if mask is None else _seen(mask, samples * scale, step),
    )


_LEAST = 1e-8
"""Keeps the gradient of a deviation finite where a stretch is constant."""


def _seen(mask: Tensor, length: int, step: int) -> Tensor:
    """Whether all ``length`` samples from each place on are observed."""
    gaps = torch.where(mask, 0.0, 1.0)
    return F.max_pool1d(gaps, length, step) == 0
