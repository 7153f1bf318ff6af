"""Codes from tokens by k-means, on the CPU in float64, so that every process gets the same result."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from zoo.contracts.codes import split
from zoo.contracts.nearest import nearest
from zoo.kernels import shorten, tally

_ROUNDS = 64
"""Number of seeding rounds: up to this many codes are drawn one by one, as in k-means++."""
_STEPS = 25
"""Maximum number of Lloyd steps."""


class Clusters(NamedTuple):
    """Codes `vectors (k e)`, and how many tokens each has, `counts (k)`."""

    vectors: Tensor
    counts: Tensor


@torch.no_grad()
def kmeans(tokens: Tensor, size: int, unit: bool = False) -> Clusters:
    """``size`` codes from at least one of `tokens (m e)`, each with the number of its tokens.

    Seeded by k-means++ (Arthur and Vassilvitskii 2007) with torch's default generator, followed by Lloyd's steps
    (1982); with ``unit``, codes of length 1 move on the sphere (Dhillon and Modha 2001). If there are fewer distinct
    tokens than codes, codes are split.
    """
    tokens = tokens.cpu().double()
    vectors = _seeds(tokens, size)
    for _ in range(_STEPS):
        before, vectors = vectors, lloyd(tokens, vectors, unit).vectors
        if torch.equal(before, vectors):
            break
    counts = lloyd(tokens, vectors, unit).counts
    if len(vectors) < size:
        vectors, counts = split(vectors, counts, size, torch.default_generator)
    return Clusters(F.normalize(vectors, dim=-1) if unit else vectors, counts)


def lloyd(tokens: Tensor, vectors: Tensor, unit: bool = False) -> Clusters:
    """The means of the `tokens (m e)` nearest to each of `vectors (k e)`, and their number.

    A code without tokens does not change.
    """
    counts, sums = tally(tokens, nearest(tokens, vectors), len(vectors))
    means = F.normalize(sums, dim=-1) if unit else sums / counts[:, None].clamp(min=1)
    return Clusters(torch.where(counts[:, None] > 0, means, vectors), counts.to(vectors.dtype))


def _seeds(tokens: Tensor, size: int) -> Tensor:
    """Up to ``size`` distinct `tokens (m e)`, each drawn with probability proportional to its squared distance from
    those before.

    If there are more than 64, several are drawn at a time, in about 64 rounds (Bahmani et al. 2012).
    """
    columns, distances = tokens.T.contiguous(), tokens.new_full((len(tokens),), torch.inf)
    chosen = new = (torch.rand(1) * len(tokens)).long()
    shorten(distances, columns, tokens[new])
    while len(chosen) < size and bool(distances.any()):
        ladder = distances.cumsum(0)
        draws = torch.rand(min(-(-size // _ROUNDS), size - len(chosen)), dtype=ladder.dtype) * ladder[-1]
        found = torch.searchsorted(ladder, draws, right=True).clamp(max=len(tokens) - 1)
        new = found.bincount().nonzero()[:, 0]
        chosen = torch.cat([chosen, new])
        shorten(distances, columns, tokens[new])
    return tokens[chosen]
