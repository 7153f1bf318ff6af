"""What drawn shapes stand for."""

import torch
from torch import Tensor

from zoo.contracts import Tokens, read_stretches
from zoo_vqshape.smoothing import smoothed


@torch.no_grad()
def true_shapes(
    tokens: Tokens, series: Tensor, mask: Tensor | None, samples: int, smooth: int
) -> tuple[Tensor, Tensor | None]:
    """Stretches of ``series (b c t)`` under tokens, smoothed, `(b c n s)`, and which samples were observed."""
    assert tokens.attributes is not None
    true, observed = read_stretches(series, tokens.attributes.t, tokens.attributes.l, samples, mask)
    return smoothed(true, smooth, observed), observed
