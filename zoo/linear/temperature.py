"""One temperature that makes probabilities of scores."""

import math

from torch import Tensor
from torch.nn import functional as F


def find_temperature(scores: Tensor, labels: Tensor) -> float:
    """What `scores (n k)` are divided by so that their softmax has the smallest cross-entropy with `labels (n)`.

    Guo et al. 2017, on targets that leave room for doubt as Platt's (1999) do: the label's probability is
    (n + 1) / (n + k), every other class's 1 / (n + k). Without it, scores that name every window rightly would have to
    be divided by 0.
    """
    from scipy.optimize import minimize_scalar

    windows, classes = scores.shape
    centred = scores - scores.mean(-1, keepdim=True)
    size = float(centred.square().mean().sqrt())
    if size == 0:
        return 1.0
    targets = (F.one_hot(labels, classes) * windows + 1) / (windows + classes)

    def loss(exponent: float) -> float:
        return float(F.cross_entropy(centred / (size * math.exp(exponent)), targets.to(scores.dtype)))

    return size * math.exp(minimize_scalar(loss, bounds=(-7.0, 7.0), method="bounded").x)
