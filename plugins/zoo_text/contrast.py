"""Contrastive losses between two sets of unit vectors with class labels, or within one.

Supervised: Khosla et al. 2020, arXiv:2004.11362, with the mean outside of the logarithm. InfoNCE: van den Oord et al.
2018, arXiv:1807.03748.
"""

import torch
from torch import Tensor


def supervised(one: Tensor, other: Tensor, target: Tensor, temperature: float) -> Tensor:
    """−mean_i mean_{j: y_j = y_i} log softmax_j(one_i · other_j / T), for unit vectors `(b d)` and classes `(b)`."""
    chances = (one @ other.T / temperature).log_softmax(1)
    return -_mean_of_positives(chances, target[:, None] == target[None]).mean()


def supervised_within(given: Tensor, target: Tensor, temperature: float) -> Tensor:
    """The same among the vectors of one batch; a window alone in its class has no weight."""
    own = torch.eye(len(given), dtype=torch.bool, device=given.device)
    chances = (given @ given.T / temperature).masked_fill(own, -torch.inf).log_softmax(1)
    same = (target[:, None] == target[None]) & ~own
    has = same.any(1)
    found = _mean_of_positives(torch.where(same, chances, 0), same)
    return -torch.where(has, found, 0).sum() / has.sum().clamp(min=1)


def instances(one: Tensor, other: Tensor, target: Tensor, temperature: float) -> Tensor:
    """−mean_i log softmax_i(one_i · other_j / T) over j = i and windows j of other classes."""
    others = target[:, None] != target[None]
    own = torch.eye(len(target), dtype=torch.bool, device=one.device)
    chances = (one @ other.T / temperature).masked_fill(~(others | own), -torch.inf).log_softmax(1)
    return -chances.diagonal().mean()


def _mean_of_positives(chances: Tensor, same: Tensor) -> Tensor:
    """Mean of each row of `chances (b b)` where ``same``."""
    return torch.where(same, chances, 0).sum(1) / same.sum(1).clamp(min=1)
