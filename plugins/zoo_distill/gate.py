"""Weights of teachers by a small network that learns which of them is right."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zoo_distill.weights import EvidenceWeigher, agreement, entropy

_STEPS = 200


class Gate(EvidenceWeigher):
    """A network with one hidden layer that scores every teacher by itself; softmax over teachers.

    It reads entropy, margin and agreement of the teacher, and which teacher it is.
    """

    def __init__(self, teachers: int, hidden: int, decay: float, floor: float) -> None:
        super().__init__(floor)
        self.decay = decay
        last = nn.Linear(hidden, 1)
        # All scores are equal at the start, so that an unfitted gate gives the prior weights.
        nn.init.zeros_(last.weight)
        self.network = nn.Sequential(nn.Linear(3 + teachers, hidden), nn.ReLU(), last)

    def evidence(self, logits: Tensor, target: Tensor) -> Tensor:
        teachers, windows, _ = logits.shape
        best = logits.softmax(-1).topk(2, -1).values
        seen = torch.stack([entropy(logits), best[..., 0] - best[..., 1], agreement(logits)], -1)
        which = torch.eye(teachers, dtype=logits.dtype, device=logits.device)[:, None].expand(-1, windows, -1)
        scores: Tensor = self.network(torch.cat([seen, which], -1)).squeeze(-1)
        return scores.softmax(0)

    def fit(self, logits: Tensor, target: Tensor, prior: Tensor) -> None:
        """Minimise the cross-entropy of the mixture over all windows, by L-BFGS in float64."""
        kind = prior.dtype
        given = self.double(), logits.double(), target, prior.double()
        optimizer = torch.optim.LBFGS(self.parameters(), max_iter=_STEPS, line_search_fn="strong_wolfe")

        def closure() -> Tensor:
            optimizer.zero_grad()
            loss = _cross_entropy(*given) + self.decay * self._norm()
            torch.autograd.backward(loss)
            return loss

        optimizer.step(closure)  # type: ignore[no-untyped-call]  # torch leaves it untyped
        self.to(kind).requires_grad_(False)

    def _norm(self) -> Tensor:
        return torch.stack([parameter.square().sum() for parameter in self.parameters()]).sum()


def _cross_entropy(gate: Gate, logits: Tensor, target: Tensor, prior: Tensor) -> Tensor:
    """Mean over windows of the cross-entropy of the weighted mean of the teachers' probabilities."""
    mixture = (gate(logits, target, prior)[..., None] * logits.softmax(-1)).sum(0)
    return F.nll_loss(mixture.clamp(min=torch.finfo(mixture.dtype).tiny).log(), target)
