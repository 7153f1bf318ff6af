"""The nearest code of every token, and the gradient that passes it."""

import torch
from torch import Tensor

from zoo.kernels import Precision, nearest_rows, without_autocast


@torch.no_grad()
def nearest(x: Tensor, codes: Tensor, precision: Precision = "exact") -> Tensor:
    """`(... e)`, codes `(k e)` -> index `(...)` of the code at the smallest Euclidean distance, the lowest at ties.

    Computed in float32 also under autocast; ``precision`` sets the precision of products. On unit vectors it is the
    code at the smallest angle. A token with NaN gets code 0; if a code has NaN, every token does.
    """
    with without_autocast(x.device):
        codes = codes.float()
        # Centred on the mean of the codes, distances have the least rounding error.
        return nearest_rows(x.float().flatten(0, -2), codes, codes.mean(0), precision).view(x.shape[:-1])


def straight_through(codes: Tensor, latents: Tensor) -> Tensor:
    """``codes``, in the dtype of ``latents``, which have the same shape and receive the gradient (Bengio et al. 2013).

    The codes are added to a difference of 0, so they stay exact, unlike z + (code − z). A NaN in the latents stays NaN.
    """
    return (latents - latents.detach()).add_(codes)
