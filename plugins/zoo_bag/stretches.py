"""Stretches of a signal at one scale: their normalised shapes, and the mean and deviation that were removed."""

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
    """Stretches of `x (b c t)`, one starting at every ``step``-th sample; ``x`` is 0 where unobserved.

    A stretch has ``samples`` values, each the mean of ``scale`` samples. Their mean is subtracted, and they are divided
    by √(variance + floor²), so that a nearly flat stretch stays near 0. In a joint shape each channel has its own mean
    subtracted, and all channels are divided by one common deviation.
    """
    means = F.avg_pool1d(x, scale, 1) if scale > 1 else x
    values = means.unfold(-1, (samples - 1) * scale + 1, step)[..., ::scale]
    mu = values.mean(-1)
    centred = values - mu.unsqueeze(-1)
    variance = centred.square().mean(-1)
    axis = centred * (variance + floor**2).rsqrt().unsqueeze(-1)
    joint = centred * (variance.mean(1, keepdim=True) + floor**2).rsqrt().unsqueeze(-1)
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
    """Whether all ``length`` samples that start at each place are observed."""
    gaps = torch.where(mask, 0.0, 1.0)
    return F.max_pool1d(gaps, length, step) == 0
