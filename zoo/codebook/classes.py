"""Relation of codes and classes, from counts of tokens by code and class."""

import numpy as np

from zoo.codebook.report import ClassShare
from zoo.codebook.shapes import Array

_ODDS = 2.0
_TOKENS = 5
"""Fewest tokens of a class that a code needs to be specific to it."""


def entropy(counts: Array) -> float:
    """Entropy of the shares of ``counts (y)`` in bits."""
    shares = counts[counts > 0] / max(counts.sum(), 1)
    return float(-(shares * np.log2(shares)).sum()) + 0.0


def information(counts: Array) -> float:
    """Mutual information of code and class in bits, from `counts (k y)`."""
    per_code = counts.sum(1)
    return float((per_code * divergences(counts)).sum() / max(per_code.sum(), 1))


def divergences(counts: Array) -> Array:
    """KL(classes of a code ‖ classes of all) in bits for each code of `counts (k y)`; 0 for an unused one."""
    base = counts.sum(0) / max(counts.sum(), 1)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    ratio = np.divide(shares, base, out=np.ones_like(shares), where=shares > 0)
    found: Array = np.clip((shares * np.log2(ratio)).sum(1), 0, None)
    return found


def purity(counts: Array) -> float:
    """Share of tokens that belong to the first class of their code."""
    return float(counts.max(1).sum() / max(counts.sum(), 1)) if counts.size else 0.0


def first_classes(counts: Array, base: Array, names: tuple[str, ...], most: int = 3) -> tuple[ClassShare, ...]:
    """The most frequent classes of a code with `counts (y)`; ``base (y)`` are the counts of all tokens."""
    shares, at_large = counts / max(counts.sum(), 1), base / max(base.sum(), 1)
    order = [int(k) for k in np.argsort(-counts, kind="stable")[:most] if counts[k] > 0]
    return tuple(ClassShare(name=names[k], share=float(shares[k]), lift=float(shares[k] / at_large[k])) for k in order)


def speaks_for(counts: Array, base: Array, names: tuple[str, ...]) -> tuple[str, ...]:
    """Classes whose odds among a code's tokens are at least twice those among all, most frequent first."""
    total, everything = counts.sum(), base.sum()
    ahead = counts * (everything - base) >= _ODDS * base * (total - counts)
    known = ahead & (counts >= _TOKENS) & (base < everything)
    return tuple(names[k] for k in np.argsort(-counts, kind="stable") if known[k])
