"""Counts of codes over a split, summed over batches and processes."""

import torch
from torch import Tensor
from torchmetrics import Metric

from zoo.contracts import observed, slots
from zoo.evaluation.usage_report import UsageReport, usage_reports


class Usage(Metric):
    """Counts of codes `(g q k)` over real tokens; g is 1, or the folded channels where each has a codebook."""

    full_state_update = False
    counts: Tensor

    def __init__(self, books: int, levels: int, codes: int) -> None:
        super().__init__()
        self.shape = (books, levels, codes)
        self.add_state("counts", torch.zeros(self.shape, dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, codes: Tensor, mask: Tensor | None = None) -> None:
        """Add `codes (b c n q)`, of which ``mask (b c n)`` are real."""
        books, _, size = self.shape
        place = slots(codes, books, size)
        self.counts.view(-1).index_add_(0, place.flatten(), observed(mask, codes).long().flatten())

    def compute(self) -> Tensor:
        """The counts `(g q k)`."""
        return self.counts

    def report(self) -> list[UsageReport]:
        """One report per codebook and level."""
        return usage_reports(self.compute().cpu().reshape(self.shape))
