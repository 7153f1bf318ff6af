"""Comparison of results: mean and deviation over seeds, significance of two counts, Pareto dominance."""

import statistics
from collections.abc import Sequence
from math import sqrt

from pydantic import BaseModel

SURE = 2.0
"""Standard deviations above which a difference of two counts is clear."""


class Spread(BaseModel, frozen=True):
    """A mean, such as that over seeds, and the sample deviation (divisor n − 1); None for one value."""

    mean: float
    deviation: float | None

    @property
    def text(self) -> str:
        """Four digits, as runs often differ only in the last ones, and the deviation if there is one."""
        return f"{self.mean:.4g}" + ("" if self.deviation is None else f" ± {self.deviation:.2g}")


def spread(values: Sequence[float]) -> Spread:
    """Mean and deviation of ``values``."""
    deviation = statistics.stdev(values) if len(values) > 1 else None
    return Spread(mean=statistics.fmean(values), deviation=deviation)


def chance(one: int, other: int, total: int) -> float:
    """The largest difference of two counts of ``total`` windows that may be chance: two standard deviations.

    The counts are taken as independent and binomial, each with at least one miss and one hit.
    """
    shares = [min(max(count, 1), max(total - 1, 1)) / total for count in (one, other)]
    return SURE * sqrt(sum(total * share * (1 - share) for share in shares))


def stands_out(more: int, less: int, total: int) -> bool:
    """Whether ``more`` of ``total`` windows is clearly above ``less``, beyond `chance`."""
    return more - less > chance(more, less, total)


def beats(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Whether ``one`` is at least as good as ``other`` in every part, and better in one; higher is better."""
    return one != other and all(a >= b for a, b in zip(one, other, strict=True))
