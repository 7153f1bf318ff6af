"""Squared distances from tokens to the nearest of a growing set of codes: what k-means++ draws by."""

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from zoo.kernels.compiled import compiled

_BLOCK = 256
"""Tokens whose sums stay in the first cache."""


def shorten(distances: Tensor, columns: Tensor, codes: Tensor) -> None:
    """In place: `distances (m)` become the least of themselves and the squared distances from tokens to new codes.

    `columns (e m)` are the tokens, one axis after the other, and `codes (k e)` are few; all float64 on a CPU and
    contiguous. A token that equals a code gets exactly 0.
    """
    _kernel()(columns.numpy(), codes.numpy(), distances.numpy())


@cache
def _kernel() -> Callable[..., None]:
    return compiled(_shorten)


def _shorten(columns: NDArray[np.float64], codes: NDArray[np.float64], distances: NDArray[np.float64]) -> None:
    held = np.empty(_BLOCK)
    for start in range(0, len(distances), _BLOCK):
        least = distances[start : start + _BLOCK]
        sums = held[: len(least)]
        for code in range(len(codes)):
            sums[:] = 0
            for axis in range(len(columns)):
                column, value = columns[axis, start : start + _BLOCK], codes[code, axis]
                for token in range(len(sums)):
                    away = column[token] - value
                    sums[token] += away * away
            for token in range(len(sums)):
                least[token] = min(least[token], sums[token])
