"""The nearest code of every row: one operation that torch.compile and torch.export take whole."""

from typing import Literal

import torch
from torch import Tensor

from zoo.kernels import nearest_cpu, nearest_cuda
from zoo.kernels.operation import operation

Precision = Literal["exact", "tf32", "bf16"]
"""exact: products and sums in float32. tf32: products of 10 bits, where the device has them. bf16: of 8 bits."""

_BLOCK = 2**21
"""Distances that the plain form holds at a time: few enough to stay in a cache."""


def nearest_rows(rows: Tensor, codes: Tensor, origin: Tensor, precision: Precision = "exact") -> Tensor:
    """rows `(n e)`, codes `(k e)`, float32 on one device -> index `(n)` of the code at the smallest distance.

    That is the least |c|²/2 − x·c, both seen from `origin (e)`: distances do not change with it, but rounding does. Of
    equal ones the lowest index; 0 for a row that holds NaN, and for every row where all codes hold it. Needs memory for
    the indices and a block of distances, never `(n k)`.
    """
    index: Tensor = _nearest(rows, codes, origin, precision)
    return index


@operation("shapezoo::nearest")
def _nearest(rows: Tensor, codes: Tensor, origin: Tensor, precision: str) -> Tensor:
    return plain(rows, codes, origin, precision)


@_nearest.register_fake
def _(rows: Tensor, codes: Tensor, origin: Tensor, precision: str) -> Tensor:
    return rows.new_empty(rows.shape[0], dtype=torch.int64)


@_nearest.register_kernel("cpu")
def _(rows: Tensor, codes: Tensor, origin: Tensor, precision: str) -> Tensor:
    return plain(rows, codes, origin, precision) if precision == "bf16" else nearest_cpu.nearest(rows, codes, origin)


@_nearest.register_kernel("cuda")
def _(rows: Tensor, codes: Tensor, origin: Tensor, precision: str) -> Tensor:
    form = nearest_cuda.nearest if nearest_cuda.available() else plain
    return form(rows, codes, origin, precision)


def plain(rows: Tensor, codes: Tensor, origin: Tensor, precision: str) -> Tensor:
    """`nearest_rows` in operations that every device has, block by block; tf32 is computed in float32."""
    blocks = torch.split(rows, max(_BLOCK // len(codes), 1))
    return torch.cat([whole(block, codes, origin, precision) for block in blocks])


def whole(rows: Tensor, codes: Tensor, origin: Tensor, precision: str) -> Tensor:
    """The same in one block `(n k)`."""
    codes = _rounded(codes - origin, precision)
    half_norms = codes.square().sum(-1) / 2
    return torch.addmm(half_norms, _rounded(rows - origin, precision), codes.T, alpha=-1).argmin(-1)


def whole64(rows: Tensor, codes: Tensor, origin: Tensor, precision: str) -> Tensor:
    """The same with distances in float64: then a graph and the compiled kernel differ at exact ties alone.

    In float32 each rounds in its own way, and a file would give 3 of 829,200 codes otherwise (docs/export.md).
    """
    codes, rows = (_rounded(values - origin, precision).double() for values in (codes, rows))
    return torch.addmm(codes.square().sum(-1) / 2, rows, codes.T, alpha=-1).argmin(-1)


def _rounded(values: Tensor, precision: str) -> Tensor:
    return values.bfloat16().float() if precision == "bf16" else values
