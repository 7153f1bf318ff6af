"""Entropies of soft code choices, in nats: how certain each token is, and how evenly codes are used."""

import torch
from torch import Tensor

from zoo.contracts.masking import observed, zeroed
from zoo.contracts.processes import summed
from zoo.kernels import choose

_LEAST = 1e-20


def entropy(p: Tensor, least: float = _LEAST) -> Tensor:
    """−Σ p log max(p, ``least``) over the last axis."""
    return -(p * p.clamp(min=least).log()).sum(-1)


def pooled_mean(total: Tensor, count: Tensor) -> Tensor:
    """``total`` / ``count``, both summed over all processes, with its gradient.

    Without gradients only this process counts: in validation processes may have different numbers of batches.
    """
    if torch.is_grad_enabled():
        total, count = summed(total), summed(count)
    return total / count.clamp(min=1)


def choice_entropy(
    latents: Tensor, codes: Tensor, mask: Tensor | None, temperature: float, diversity: float, least: float = _LEAST
) -> Tensor:
    """Mean entropy of the tokens' choices minus ``diversity`` times the entropy of their mean, so it may be negative.

    A token of `latents (... e)` chooses between `codes (k e)` by softmax(−|latent − code|² / temperature); it counts
    where `mask (...)` is True. The mean choice is over all processes (entropy terms of Jansen et al. 2020, and of LFQ,
    Yu et al. 2023). Never allocates a table of tokens by codes.
    """
    rows = latents.flatten(0, -2)
    real = observed(mask, latents[..., 0]).flatten()
    rows = rows if mask is None else zeroed(rows, real)
    token_entropy, usage = choose(rows, codes.to(rows.dtype), real, temperature, least)
    count = real.sum()
    return token_entropy / count.clamp(min=1) - diversity * entropy(pooled_mean(usage, count), least)
