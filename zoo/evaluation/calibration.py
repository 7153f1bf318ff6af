"""Calibration: whether a classifier's confidence matches its accuracy."""

import torch
from torch import Tensor
from torchmetrics import Metric

BINS = 15


class Calibration(Metric):
    """Expected calibration error over 15 bins of equal width (Naeini, Cooper & Hauskrecht 2015; Guo et al. 2017).

    A window's confidence is the largest softmax of its logits; bins are closed below. Each bin adds |accuracy − mean
    confidence| times its share of windows. Sums per bin are float64, so that the order of batches does not matter.
    """

    full_state_update = False
    count: Tensor
    confidence: Tensor
    correct: Tensor

    def __init__(self) -> None:
        super().__init__()
        for name in ("count", "confidence", "correct"):
            self.add_state(name, torch.zeros(BINS, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, logits: Tensor, target: Tensor) -> None:
        """Add `logits (b k)` and the true classes `target (b)`."""
        confidence, guess = logits.detach().double().softmax(-1).max(-1)
        edges = torch.linspace(0, 1, BINS + 1, dtype=torch.float64, device=logits.device)
        place = (torch.bucketize(confidence, edges, right=True) - 1).clamp(0, BINS - 1)
        self.count.index_add_(0, place, torch.ones_like(confidence))
        self.confidence.index_add_(0, place, confidence)
        self.correct.index_add_(0, place, (guess == target).double())

    def compute(self) -> Tensor:
        """The error, a scalar; 0 if nothing was counted."""
        gap: Tensor = (self.correct - self.confidence).abs().sum() / self.count.sum().clamp(min=1)
        return gap
