"""Sums of rows by code: what a moving average, or a mean, is made of."""

from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.library import custom_op

from zoo.kernels.compiled import compiled


def tally(rows: Tensor, index: Tensor, codes: int) -> Tensor:
    """rows `(n e)`, index `(n)` -> their sums `(k e)` over equal indices, in the order of the rows on a CPU."""
    sums: Tensor = _tally(rows, index, codes)
    return sums


@custom_op("shapezoo::tally", mutates_args=())
def _tally(rows: Tensor, index: Tensor, codes: int) -> Tensor:
    return plain(rows, index, codes)


@_tally.register_fake
def _(rows: Tensor, index: Tensor, codes: int) -> Tensor:
    return rows.new_empty(codes, rows.shape[1])


@_tally.register_kernel("cpu")
def _(rows: Tensor, index: Tensor, codes: int) -> Tensor:
    if rows.dtype != torch.float32:
        return plain(rows, index, codes)
    sums = rows.new_zeros(codes, rows.shape[1])
    _kernel()(rows.contiguous().numpy(), index.contiguous().numpy(), sums.numpy())
    return sums


def plain(rows: Tensor, index: Tensor, codes: int) -> Tensor:
    """`tally` in an operation that every device has."""
    return rows.new_zeros(codes, rows.shape[1]).index_add(0, index, rows)


@cache
def _kernel() -> Callable[[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32]], None]:
    return compiled(_sum)


def _sum(rows: NDArray[np.float32], index: NDArray[np.int64], sums: NDArray[np.float32]) -> None:
    for row in range(len(rows)):
        into = sums[index[row]]
        for axis in range(len(into)):
            into[axis] += rows[row, axis]
