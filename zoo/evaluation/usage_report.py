"""How often each code occurs, and how evenly codes are used."""

import torch
from pydantic import BaseModel
from torch import Tensor


class UsageReport(BaseModel, frozen=True):
    """One level of codes. ``perplexity`` is exp of the entropy of their shares: how many codes are used evenly."""

    book: str
    codes: int
    used: int
    perplexity: float
    counts: list[int]


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
