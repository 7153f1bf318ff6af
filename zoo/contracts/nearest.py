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
        # Distances do not change with the origin, but rounding does: it is least around the codes.
        origin = codes.float().mean(0)
        rows = (x.float() - origin).flatten(0, -2)
        return nearest_rows(rows, codes.float() - origin, precision).view(x.shape[:-1])
