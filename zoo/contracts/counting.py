"""How often each code occurs in every series."""

import torch
from einops import rearrange
from torch import Tensor


def histogram(codes: Tensor, mask: Tensor | None, size: int) -> Tensor:
    """Counts, int64, of each of ``size`` codes over the real tokens of a series: `(b c n q) -> (b c q k)`.

    ``mask (b c n)`` is True where a token is real, None meaning everywhere.
    """
    index = rearrange(codes, "b c n q -> b c q n")
    real = torch.ones_like(index) if mask is None else mask.long().unsqueeze(2).expand_as(index)
    return index.new_zeros(*index.shape[:-1], size).scatter_add(-1, index, real)
