"""The nearest code of every token."""

import torch
from torch import Tensor

from zoo.kernels import Precision, nearest_rows, without_autocast


@torch.no_grad()
def nearest(x: Tensor, codes: Tensor, precision: Precision = "exact") -> Tensor:
    """`(... e)`, codes `(k e)` -> index `(...)` of the code at the smallest Euclidean distance, the lowest at ties.

    Worked out in float32 whatever the precision around it; ``precision`` says how exact products are. On unit vectors
    it is the code at the smallest angle. A token that holds NaN gets code 0, as does every one where a code holds it.
    """
    with without_autocast(x.device):
        codes = codes.float()
        # From their middle distances have the least rounding.
        return nearest_rows(x.float().flatten(0, -2), codes, codes.mean(0), precision).view(x.shape[:-1])
