"""How often each code occurs, and how evenly codes are used."""

import torch
from torch import Tensor
from torchmetrics import Metric

from zoo.contracts import observed, slots
from zoo.evaluation.report import UsageReport


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


def usage_reports(counts: Tensor) -> list[UsageReport]:
    """One report per codebook and level of `counts (g q k)`."""
    books, levels, _ = counts.shape
    return [
        usage_report(_name(book, level, books, levels), counts[book, level])
        for book in range(books)
        for level in range(levels)
    ]


def perplexity(counts: Tensor) -> float:
    """exp of the entropy of the shares of `counts (k)`; 0 if nothing was counted."""
    shares = counts[counts > 0].double() / counts.sum().clamp(min=1)
    return float(torch.exp(-(shares * shares.log()).sum())) if len(shares) else 0.0


def _name(book: int, level: int, books: int, levels: int) -> str:
    parts = [f"channel {book}"] * (books > 1) + [f"level {level}"] * (levels > 1)
    return ", ".join(parts) or "codebook"


def usage_report(name: str, counts: Tensor) -> UsageReport:
    """The report of one book called ``name``, from `counts (k)`."""
    return UsageReport(
        book=name,
        codes=len(counts),
        used=int((counts > 0).sum()),
        perplexity=perplexity(counts),
        counts=counts.tolist(),
    )
