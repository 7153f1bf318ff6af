"""Weights of teachers from evidence in each window."""

from abc import abstractmethod
from math import log

import torch
from torch import Tensor
from torch.nn import functional as F

from zoo.contracts import Weigher


class EvidenceWeigher(Weigher):
    """Prior weights times evidence; the share ``floor`` stays with the prior weights."""

    def __init__(self, floor: float) -> None:
        super().__init__()
        self.floor = floor

    @abstractmethod
    def evidence(self, logits: Tensor, target: Tensor) -> Tensor:
        """What speaks for each teacher, `(m b)`, not negative."""

    def forward(self, logits: Tensor, target: Tensor, prior: Tensor) -> Tensor:
        if len(logits) == 1:  # nothing to compare with
            return torch.ones_like(logits[..., 0])
        given = prior[:, None].expand(logits.shape[:2])
        weighed = given * self.evidence(logits, target)
        total = weighed.sum(0)
        own = torch.where(total > 0, weighed / total.clamp(min=torch.finfo(total.dtype).tiny), given)
        return self.floor * given + (1 - self.floor) * own


class Entropy(EvidenceWeigher):
    """Low entropy."""

    def __init__(self, floor: float, form: str) -> None:
        super().__init__(floor)
        self.form = form

    def evidence(self, logits: Tensor, target: Tensor) -> Tensor:
        unsure = entropy(logits)
        if self.form == "log":
            return (1 - unsure / log(logits.shape[-1])).clamp(min=0)
        total = unsure.sum(0)
        share = torch.where(total > 0, unsure / total.clamp(min=torch.finfo(total.dtype).tiny), 1 / len(logits))
        return (1 - share) / (len(logits) - 1)


class CrossEntropy(EvidenceWeigher):
    """Low cross-entropy with the label."""

    def evidence(self, logits: Tensor, target: Tensor) -> Tensor:
        losses = torch.stack([F.cross_entropy(one, target, reduction="none") for one in logits])
        return (1 - losses.softmax(0)) / (len(logits) - 1)


class TrueClass(EvidenceWeigher):
    """Probability of the label."""

    def evidence(self, logits: Tensor, target: Tensor) -> Tensor:
        return logits.softmax(-1).gather(-1, target.expand(len(logits), -1)[..., None]).squeeze(-1)


class Agreement(EvidenceWeigher):
    """Share of the other teachers that name the same class."""

    def evidence(self, logits: Tensor, target: Tensor) -> Tensor:
        return agreement(logits)


def entropy(logits: Tensor) -> Tensor:
    """Entropy in nats of the probabilities of `(m b k)`: `(m b)`."""
    each: Tensor = torch.special.entr(logits.softmax(-1))
    return each.sum(-1)


def agreement(logits: Tensor) -> Tensor:
    """Share of the other teachers that name the class of each, `(m b)`."""
    votes = logits.argmax(-1)
    same = (votes[:, None] == votes[None]).sum(0) - 1
    return same.to(logits.dtype) / max(len(logits) - 1, 1)
