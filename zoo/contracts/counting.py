"""Count codes: histograms per series, and code indices over all codebooks and levels."""

import torch
from einops import rearrange
from torch import Tensor

from zoo.contracts.masking import observed


def histogram(codes: Tensor, mask: Tensor | None, size: int) -> Tensor:
    """Counts, int64, of each of ``size`` codes over the real tokens of a series: `(b c n q) -> (b c q k)`.

    ``mask (b c n)`` is True where a token is real; None means all tokens.
    """
    index = rearrange(codes, "b c n q -> b c q n")
    real = rearrange(observed(mask, codes), "b c n q -> b c q n").long()
    return index.new_zeros(*index.shape[:-1], size).scatter_add(-1, index, real)


def book_of(channels: int, books: int, device: torch.device) -> Tensor:
    """The codebook of each folded channel, `(c)`: its own, or the shared one."""
    return torch.arange(channels, device=device).clamp(max=books - 1)


def slots(codes: Tensor, books: int, size: int) -> Tensor:
    """Index of each of `codes (b c n q)` over all books and levels, which have ``size`` codes each."""
    book = book_of(codes.shape[1], books, codes.device).view(1, -1, 1, 1)
    level = torch.arange(codes.shape[-1], device=codes.device)
    return (book * codes.shape[-1] + level) * size + codes
