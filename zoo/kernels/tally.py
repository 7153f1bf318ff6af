"""How many rows each code has, and their sums: what a moving average, or a mean, is made of."""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from zoo.kernels.compiled import compiled
from zoo.kernels.operation import operation


class Tally(NamedTuple):
    """By code: ``counts (k)`` of rows, int64, and their ``sums (k e)`` in the dtype of the rows."""

    counts: Tensor
    sums: Tensor


def tally(rows: Tensor, index: Tensor, codes: int, real: Tensor | None = None) -> Tally:
    """Count and add up rows `(n e)` of equal index `(n)`, where ``real (n)`` is True; in their order on a CPU."""
    return Tally(*_tally(rows, index, codes, real))


@operation("shapezoo::tally")
def _tally(rows: Tensor, index: Tensor, codes: int, real: Tensor | None) -> tuple[Tensor, Tensor]:
    return plain(rows, index, codes, real)


@_tally.register_fake
def _(rows: Tensor, index: Tensor, codes: int, real: Tensor | None) -> tuple[Tensor, Tensor]:
    return index.new_empty(codes), rows.new_empty(codes, rows.shape[1])


@_tally.register_kernel("cpu")
def _(rows: Tensor, index: Tensor, codes: int, real: Tensor | None) -> tuple[Tensor, Tensor]:
    if rows.dtype not in (torch.float32, torch.float64):
        return plain(rows, index, codes, real)
    counted = torch.ones_like(index, dtype=torch.bool) if real is None else real
    counts, sums = index.new_zeros(codes), rows.new_zeros(codes, rows.shape[1])
    inputs = (rows.contiguous(), index.contiguous(), counted.contiguous())
    _kernel()(*(tensor.numpy() for tensor in inputs), counts.numpy(), sums.numpy())
    return counts, sums


def plain(rows: Tensor, index: Tensor, codes: int, real: Tensor | None) -> tuple[Tensor, Tensor]:
    """`tally` in operations that every device has."""
    ones = torch.ones_like(index) if real is None else real.to(index.dtype)
    rows = rows if real is None else torch.where(real[:, None], rows, 0)
    counts = index.new_zeros(codes).index_add(0, index, ones)
    return counts, rows.new_zeros(codes, rows.shape[1]).index_add(0, index, rows)


@cache
def _kernel() -> Callable[..., None]:
    return compiled(_count)


def _count(
    rows: NDArray[Any],
    index: NDArray[np.int64],
    real: NDArray[np.bool_],
    counts: NDArray[np.int64],
    sums: NDArray[Any],
) -> None:
    for row in range(len(rows)):
        if real[row]:
            code = index[row]
            counts[code] += 1
            for axis in range(rows.shape[1]):
                sums[code, axis] += rows[row, axis]
