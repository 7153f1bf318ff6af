"""Attributes of tokens in the data's units, and what a series itself looks like."""

import torch
from torch import Tensor

from zoo.contracts import Attributes, Scale

FLOOR = 0.01
"""A sigma below it, in deviations of its series, counts as it: the logarithm of next to nothing says nothing."""


def in_units(attributes: Attributes, scale: Scale | None) -> Tensor:
    """t, l, mu in the data's units and the logarithm of sigma in them, `(b c n 4)`.

    ``scale`` is what was taken off each series; None where nothing was.
    """
    mu, log_sigma = attributes.mu, attributes.sigma.clamp(min=FLOOR).log()
    if scale is not None:
        mu, log_sigma = mu * scale.std + scale.mean, log_sigma + scale.std.log()
    return torch.stack([attributes.t, attributes.l, mu, log_sigma], -1)


def of_series(scale: Scale | None, like: Tensor) -> Tensor:
    """Mean and log deviation of each series of tokens ``like (b c n d)``, `(b c 2)`.

    0 where the model takes no scale off, or where tokens come from an image, whose series are not those of the signal.
    """
    if scale is None or scale.mean.shape[:2] != like.shape[:2]:
        return like.new_zeros(*like.shape[:2], 2)
    return torch.cat([scale.mean, scale.std.log()], -1).to(like.dtype)
