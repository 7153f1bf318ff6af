"""Attributes of tokens in the data's units, and the mean and deviation of a series."""

import torch
from torch import Tensor

from zoo.contracts import Attributes, Scale

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
