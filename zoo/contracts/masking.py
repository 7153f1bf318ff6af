"""Masks: True where a value is observed; None means that everything is."""

import torch
from torch import Tensor
from torch.nn import functional as F


def observed(mask: Tensor | None, like: Tensor) -> Tensor:
    """``mask``, which has the leading axes of ``like`` or fits all of them, in the shape of ``like``; None is all True.

    The result may be a view of fewer values, so that nothing of the size of ``like`` is allocated: do not write to it.
    """
    if mask is None:
        return torch.ones((), dtype=torch.bool, device=like.device).expand(like.shape)
    if mask.dim() < like.dim():
        mask = mask.reshape(*mask.shape, *[1] * (like.dim() - mask.dim()))
    return mask if mask.shape == like.shape else mask.expand_as(like)


def zeroed(x: Tensor, mask: Tensor | None) -> Tensor:
    """``x`` with 0 where ``mask``, of its leading axes or all of them, is False."""
    return x if mask is None else torch.where(observed(mask, x), x, 0)


def masked_mean(x: Tensor, mask: Tensor | None) -> Tensor:
    """Mean of ``x`` where ``mask``, of the same shape or its leading axes, is True; 0 if it is True nowhere."""
    if mask is None:
        return x.mean()
    seen = observed(mask, x)
    return torch.where(seen, x, 0).sum() / seen.to(x.dtype).sum().clamp(min=1)


def window_mean(values: Tensor, mask: Tensor | None) -> Tensor:
    """Mean of `(b c n d)` over real tokens of all channels, `(b d)`; ``mask (b c n)``."""
    seen = observed(mask, values)
    return torch.where(seen, values, 0).sum((1, 2)) / seen.sum((1, 2)).clamp(min=1)


def masked_mse(one: Tensor, other: Tensor, mask: Tensor | None) -> Tensor:
    """`masked_mean` of the squared difference of two tensors of the same shape."""
    return F.mse_loss(one, other) if mask is None else masked_mean((one - other).square(), mask)


def instance_scale(x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    """Mean and sqrt(unbiased variance + 1e-5) of each series `(b c t)` over observed samples, `(b c 1)` each."""
    if mask is None:
        variance, mean = torch.var_mean(x, -1, keepdim=True)
        return mean, (variance + 1e-5).sqrt()
    weight = mask.to(x.dtype)
    count = weight.sum(-1, keepdim=True)
    mean = torch.where(mask, x, 0).sum(-1, keepdim=True) / count.clamp(min=1)
    deviation = torch.where(mask, x - mean, 0)
    variance = deviation.square().sum(-1, keepdim=True) / (count - 1).clamp(min=1)
    return mean, (variance + 1e-5).sqrt()
