"""How sure tokens are of their codes, and how evenly these are used: entropies of their soft choices, in nats."""

import torch
from torch import Tensor
from torch.nn import functional as F

from zoo.contracts.masking import masked_mean
from zoo.contracts.processes import summed

_LEAST = 1e-20


def entropy(p: Tensor, least: float = _LEAST) -> Tensor:
    """−Σ p log max(p, ``least``) over the last axis."""
    return -(p * p.clamp(min=least).log()).sum(-1)


def pooled_mean(total: Tensor, count: Tensor) -> Tensor:
    """``total`` / ``count``, both of all processes, with its gradient.

    Without gradients it is of this process alone: in validation processes may have batches of different number.
    """
    if torch.is_grad_enabled():
        total, count = summed(total), summed(count)
    return total / count.clamp(min=1)


def choice_entropy(logits: Tensor, mask: Tensor | None, diversity: float, least: float = _LEAST) -> Tensor:
    """Mean entropy of the tokens' choices minus ``diversity`` times the entropy of their mean, so it may be negative.

    A token chooses between codes by the softmax of its `logits (... k)`; it counts where `mask (...)` is True. The mean
    choice is that of all processes (entropy terms of Jansen et al. 2020, and of LFQ, Yu et al. 2023).
    """
    choice = F.softmax(logits, -1).flatten(0, -2)
    real = torch.ones_like(choice[:, 0], dtype=torch.bool) if mask is None else mask.flatten()
    mean = pooled_mean(torch.where(real[:, None], choice, 0).sum(0), real.sum())
    doubt = masked_mean(entropy(choice, least), None if mask is None else real)
    return doubt - diversity * entropy(mean, least)
