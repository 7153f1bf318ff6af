"""How often an epoch has each series of a mix, so that small sets count and large ones do not drown them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from zoo_registry import SpecError

from zoo.sources import Labels

MOST = 100_000_000
"""Windows of an epoch: a permutation of them takes 5 GB."""


def shares(sizes: Sequence[int], weights: Sequence[float], power: float) -> NDArray[np.float64]:
    """Shares `(m)` of an epoch, proportional to weight · size to the power ``power``.

    At .5, the default of a mix, a set that is a hundred times as large gets ten times the share: between shares
    proportional to size, where the largest set is nearly everything, and equal ones, where the smallest set is
    repeated most often.
    """
    parts = np.array(weights) * np.array(sizes, np.float64) ** power
    found: NDArray[np.float64] = parts / parts.sum()
    return found


def repeats(sizes: Sequence[int], share: NDArray[np.float64], windows: int | None, seed: int) -> list[Labels]:
    """How often an epoch of ``windows`` has each series, one array per set.

    Series of one set differ by at most one, and ``seed`` draws those that are there once more. Without ``windows``,
    there are as few as contain every series at least once. Raises SpecError for more than 100 million windows.
    """
    total = windows or float((np.array(sizes) / share).max())
    if total > MOST:
        hint = "set data.source.windows, which then draws from the larger sets, or change data.source.weights"
        raise SpecError("data.source", f"an epoch of at most {MOST:,} windows", f"{total:,.0f}", hint)
    draw = np.random.default_rng(seed)
    found = []
    for size, part in zip(sizes, share, strict=True):
        whole, rest = divmod(max(1, round(total * float(part))), size)
        times = np.full(size, whole, np.int64)
        times[draw.permutation(size)[:rest]] += 1
        found.append(times)
    return found
