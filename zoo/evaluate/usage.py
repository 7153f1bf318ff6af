"""How often each code occurs."""

import torch
from pydantic import BaseModel
from torch import Tensor
from torchmetrics import Metric


class UsageReport(BaseModel, frozen=True):
    """One level of codes. ``perplexity`` is exp of the entropy of their shares: how many codes are used evenly."""

    book: str
    codes: int
    used: int
    perplexity: float
    counts: list[int]


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
        books, levels, size = self.shape
        book = torch.arange(codes.shape[1], device=codes.device).clamp(max=books - 1).view(1, -1, 1, 1)
        level = torch.arange(levels, device=codes.device)
        place = (book * levels + level) * size + codes
        real = torch.ones_like(codes) if mask is None else mask.long().unsqueeze(-1).expand_as(codes)
        self.counts.view(-1).index_add_(0, place.flatten(), real.flatten())

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
        _report(_name(book, level, books, levels), counts[book, level])
        for book in range(books)
        for level in range(levels)
    ]


def perplexity(counts: Tensor) -> float:
    """exp of the entropy of the shares of `counts (k)`; 0 where nothing was counted."""
    shares = counts[counts > 0].double() / counts.sum().clamp(min=1)
    return float(torch.exp(-(shares * shares.log()).sum())) if len(shares) else 0.0


def _name(book: int, level: int, books: int, levels: int) -> str:
    parts = [f"channel {book}"] * (books > 1) + [f"level {level}"] * (levels > 1)
    return ", ".join(parts) or "codebook"


def _report(name: str, counts: Tensor) -> UsageReport:
    return UsageReport(
        book=name,
        codes=len(counts),
        used=int((counts > 0).sum()),
        perplexity=perplexity(counts),
        counts=counts.tolist(),
    )
