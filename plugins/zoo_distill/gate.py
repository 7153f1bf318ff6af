"""Weights of teachers by a small network that learns which of them is right."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.contracts import Losses
from zoo_distill.weights import EvidenceWeigher, agreement, entropy


class Gate(EvidenceWeigher):
    """A network with one hidden layer that scores every teacher by itself; softmax over teachers.

    It reads entropy, margin and agreement of the teacher, and which teacher it is.
    """

    def __init__(self, teachers: int, hidden: int, floor: float) -> None:
        super().__init__(floor)
        last = nn.Linear(hidden, 1)
        # All scores are equal at the start, so that training begins with the prior weights.
        nn.init.zeros_(last.weight)
        self.network = nn.Sequential(nn.Linear(3 + teachers, hidden), nn.ReLU(), last)

    def evidence(self, logits: Tensor, target: Tensor) -> Tensor:
        teachers, windows, _ = logits.shape
        best = logits.softmax(-1).topk(2, -1).values
        seen = torch.stack([entropy(logits), best[..., 0] - best[..., 1], agreement(logits)], -1)
        which = torch.eye(teachers, dtype=logits.dtype, device=logits.device)[:, None].expand(-1, windows, -1)
        scores: Tensor = self.network(torch.cat([seen, which], -1)).squeeze(-1)
        return scores.softmax(0)

    def losses(self, weights: Tensor, logits: Tensor, target: Tensor) -> Losses:
        mixture = (weights[..., None] * logits.softmax(-1)).sum(0)
        return {"gate": F.nll_loss(mixture.clamp(min=torch.finfo(mixture.dtype).tiny).log(), target)}
