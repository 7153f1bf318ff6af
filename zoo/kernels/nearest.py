"""The nearest code of every row: one operation that torch.compile and torch.export take whole."""

from typing import Literal

import torch
from torch import Tensor
from torch.library import custom_op

from zoo.kernels import nearest_cpu, nearest_cuda

Precision = Literal["exact", "tf32", "bf16"]
"""exact: products and sums in float32. tf32: products of 10 bits, where the device has them. bf16: of 8 bits."""

_BLOCK = 2**21
"""Distances that the plain form holds at a time: few enough to stay in a cache."""


def nearest_rows(rows: Tensor, codes: Tensor, precision: Precision = "exact") -> Tensor:
    """rows `(n e)`, codes `(k e)`, both float32 on one device -> index `(n)` of the code at the smallest distance.

    That is the least |c|²/2 − x·c. Of equal ones the lowest index; 0 for a row that holds NaN, and for every row where
    all codes hold it. Needs memory for the indices and a block of distances, never `(n k)`.
    """
    if precision == "bf16":
        rows, codes = rows.bfloat16(), codes.bfloat16()
    index: Tensor = _nearest(rows, codes, precision == "tf32")
    return index


@custom_op("shapezoo::nearest", mutates_args=())
def _nearest(rows: Tensor, codes: Tensor, tf32: bool) -> Tensor:
    return plain(rows.float(), codes.float())


@_nearest.register_fake
def _(rows: Tensor, codes: Tensor, tf32: bool) -> Tensor:
    return rows.new_empty(rows.shape[0], dtype=torch.int64)


@_nearest.register_kernel("cpu")
def _(rows: Tensor, codes: Tensor, tf32: bool) -> Tensor:
    return nearest_cpu.nearest(rows.float(), codes.float())


@_nearest.register_kernel("cuda")
def _(rows: Tensor, codes: Tensor, tf32: bool) -> Tensor:
    if nearest_cuda.available():
        return nearest_cuda.nearest(rows, codes, tf32)
    return plain(rows.float(), codes.float())


def plain(rows: Tensor, codes: Tensor) -> Tensor:
    """`nearest_rows` in operations that every device has, block by block."""
    half_norms = codes.square().sum(-1) / 2
    blocks = torch.split(rows, max(_BLOCK // len(codes), 1))
    return torch.cat([torch.addmm(half_norms, block, codes.T, alpha=-1).argmin(-1) for block in blocks])
