"""Means over observed values; a mask of None means everything is observed."""

import torch
from torch import Tensor
from torch.nn import functional as F


def masked_mean(x: Tensor, mask: Tensor | None) -> Tensor:
    """Mean of ``x`` where ``mask``, of the same shape or its leading axes, is True; 0 if it is True nowhere."""
    if mask is None:
        return x.mean()
    while mask.dim() < x.dim():
        mask = mask.unsqueeze(-1)
    weight = mask.to(x.dtype).expand_as(x)
    return torch.where(mask, x, 0).sum() / weight.sum().clamp(min=1)


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
