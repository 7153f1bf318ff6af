"""What a model requires of the mask of its input, and what the mask says of its tokens."""

import torch
from torch import Tensor
from zoo_registry import DataError, ShapeError

from zoo.contracts import Tokens, recording


def require_mask(mask: Tensor, x: Tensor) -> None:
    """Raise ShapeError unless ``mask`` has a truth value per sample of ``x``."""
    if mask.shape != x.shape or mask.dtype != torch.bool:
        expected, found = f"{tuple(x.shape)} of bool, as x", f"{tuple(mask.shape)} of {mask.dtype}"
        raise ShapeError("mask", expected, found, "give one value per sample of x, True where observed")


def observed_alone(tokens: Tokens, mask: Tensor | None) -> Tokens:
    """``tokens`` of series with ``mask (b c t)``, in which tokens of unobserved series are not real: a silent sensor
    does not invalidate a window, and must not affect codebook, losses or statistics."""
    # A graph cannot branch on mask values.
    if mask is None or (not recording() and _all_observed(mask)):
        return tokens
    seen = mask.any(-1, keepdim=True).expand(tokens.values.shape[:3])
    return tokens._replace(mask=seen if tokens.mask is None else tokens.mask & seen)


def _all_observed(mask: Tensor) -> bool:
    """Whether every series has an observed sample."""
    return bool(mask.any(-1).all())


def require_observed(mask: Tensor | None) -> None:
    """Raise DataError for a series of ``mask (b c t)`` without observed samples."""
    # A graph cannot branch on mask values; without observed samples the result is finite but meaningless.
    if mask is not None and not recording() and not _all_observed(mask):
        raise DataError(
            "mask",
            "at least one observed sample in every series",
            "a series with none",
            "leave such windows out, or fold the channels so that each series has some",
        )
