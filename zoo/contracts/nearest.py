"""The nearest code of every token, never holding more than a block of the distances."""

import torch
from torch import Tensor

_ROWS = 4096
"""Tokens per block: with a few hundred codes its distances stay in the cache."""


@torch.no_grad()
def nearest(x: Tensor, codes: Tensor) -> Tensor:
    """`(... e)`, codes `(k e)` -> index `(...)` of the code at the smallest Euclidean distance, the lowest at ties.

    Worked out in float32 whatever the precision around it. On unit vectors it is the code at the smallest angle.
    """
    with torch.autocast(x.device.type, enabled=False):
        # Distances do not change with the origin, but rounding does: it is least around the codes.
        origin = codes.float().mean(0)
        centred = codes.float() - origin
        rows = (x.float() - origin).flatten(0, -2)
        return _blockwise(rows, centred).view(x.shape[:-1])


def _blockwise(rows: Tensor, codes: Tensor) -> Tensor:
    half_norms = codes.square().sum(-1) / 2
    if torch.compiler.is_compiling():
        # A traced graph may not know how many rows there are, so it cannot be unrolled over blocks.
        return (half_norms - rows @ codes.T).argmin(-1)
    return torch.cat([(half_norms - block @ codes.T).argmin(-1) for block in torch.split(rows, _ROWS)])
