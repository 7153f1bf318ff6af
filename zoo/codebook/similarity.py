"""How different normalised shapes are: correlation, groups, warped distance, straightness."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from zoo.codebook.shapes import Array
from zoo.evaluation.usage_report import perplexity

SAME = 0.95
"""Correlation from which two shapes count as the same: each explains over nine tenths (.95²) of the other."""
FLAT = 0.95
"""R² from which a straight line is as good as the shape."""
_BAND = 0.1
"""Share of a shape by which warping may shift it (Sakoe and Chiba 1978)."""


def correlations(one: Array, other: Array) -> Array:
    """Pearson correlation of normalised shapes `(u s)` and `(v s)`: `(u v)`, in [-1, 1].

    Constant shapes, which are 0 everywhere, correlate 1 with each other and 0 with others.
    """
    found = np.clip(one @ other.T / one.shape[-1], -1, 1)
    found[np.ix_(~one.any(-1), ~other.any(-1))] = 1
    return np.where(found > 1 - 1e-6, 1.0, found)  # what rounding leaves short of 1


def grouped(correlation: Array) -> Array:
    """Number of each shape's group `(u)`: average-linkage clusters of 1 − correlation `(u u)`, cut at 1 − SAME.

    A falling line and a rising one are different shapes. Groups are numbered as they first occur.
    """
    if len(correlation) < 2:
        return np.zeros(len(correlation), np.int64)
    apart = squareform(1 - correlation, checks=False)
    labels = fcluster(linkage(apart, "average"), 1 - SAME, "distance")
    _, first, found = np.unique(labels, return_index=True, return_inverse=True)
    ranks: Array = np.argsort(np.argsort(first))[found]
    return ranks


def distinctness(correlation: Array, counts: Array) -> float:
    """1 − Σ p_i p_j max(0, r_ij) / Σ p_i p_j over pairs i ≠ j, p being shares of ``counts (u)``; 0 for one shape."""
    weights = _pair_weights(counts)
    return float(1 - (weights * np.clip(correlation, 0, 1)).sum()) if weights.any() else 0.0


def _pair_weights(counts: Array) -> Array:
    shares = counts / max(counts.sum(), 1)
    weights = np.outer(shares, shares)
    np.fill_diagonal(weights, 0)
    found: Array = weights / weights.sum() if weights.sum() > 0 else weights
    return found


def mean_warped(shapes: Array, counts: Array, axes: int = 1) -> float | None:
    """Mean of ``warped`` over pairs of `(u s)`, weighed by p_i p_j; None where there is no pair."""
    one, other = np.triu_indices(len(shapes), 1)
    if not len(one):
        return None
    return float(np.average(warped(shapes[one], shapes[other], axes), weights=counts[one] * counts[other]))


def warped(one: Array, other: Array, axes: int = 1) -> Array:
    """Dynamic-time-warping distance of shapes `(p s)` pair by pair: `(p)`, √(squared differences along the path / s).

    Without warping it would be the root mean squared difference; 0 is the same shape. ``axes`` that lie one after the
    other are warped together. It equals aeon's `dtw_distance`, which is 10 to 20 times faster once it is compiled, but
    takes 5 seconds to import and compile in every process, for pairs that take .1 to .4 seconds here.
    """
    one, other = (shapes.reshape(len(shapes), axes, shapes.shape[1] // axes) for shapes in (one, other))
    pairs, _, samples = one.shape
    band = int(_BAND * samples)
    before = np.full((samples + 1, pairs), np.inf)
    before[0] = 0
    for i in range(samples):
        row = np.full_like(before, np.inf)
        for j in range(max(0, i - band), min(samples, i + band + 1)):
            least = np.minimum(np.minimum(before[j], before[j + 1]), row[j])
            row[j + 1] = ((one[..., i] - other[..., j]) ** 2).mean(1) + least
        before = row
    found: Array = np.sqrt(before[samples] / samples)
    return found


def straightness(shapes: Array, axes: int = 1) -> Array:
    """R² of the best straight line through each of `(u s)`, one line for each of its ``axes``; 1 for a constant."""
    by_axis = shapes.reshape(len(shapes), axes, shapes.shape[1] // axes)
    line = np.arange(by_axis.shape[-1], dtype=np.float64)
    line = (line - line.mean()) / line.std()
    squares: Array = np.clip(((by_axis @ line / len(line)) ** 2).mean(1), 0, 1)
    return np.where(shapes.any(-1), squares, 1.0)


@dataclass(frozen=True)
class Likeness:
    """How alike shapes of used codes are: `correlation (u u)`, group `groups (u)` and straight lines `flat (u)`."""

    correlation: Array
    groups: Array
    flat: Array
    effective: float
    distinctness: float
    flat_share: float


def likeness(shapes: Array, counts: Array, axes: int = 1) -> Likeness:
    """Compare normalised shapes `(u s)`, u > 0, of codes used ``counts (u)`` times."""
    correlation, flat = correlations(shapes, shapes), straightness(shapes, axes) >= FLAT
    groups = grouped(correlation)
    return Likeness(
        correlation=correlation,
        groups=groups,
        flat=flat,
        effective=perplexity(torch.from_numpy(np.bincount(groups, counts))),
        distinctness=distinctness(correlation, counts),
        flat_share=float(counts[flat].sum() / counts.sum()),
    )
