"""The mean squared distance of rows from their codes, without a table of what was chosen."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from zoo.kernels.compiled import compiled
from zoo.kernels.operation import operation
from zoo.kernels.threads import in_parts

_Floats = NDArray[np.float32]
_PART = 2**18
"""Numbers of a part of the work, about a tenth of a millisecond."""
_WIDE = 32
"""Width of rows from which the compiled loops pay; narrower ones take less time in torch than a call of ours."""
_BLOCK = 64
"""Rows that are added up in float32, axis by axis, before the sum goes on in float64."""


def commitment(rows: Tensor, codes: Tensor, index: Tensor, real: Tensor | None = None) -> Tensor:
    """Mean of (x − c)² over rows `(... e)` where ``real (...)`` is True, with c = codes[index], `(k e)` and `(...)`.

    0 where none is real. The exact gradient goes to the rows, and none to the codes.
    """
    float32 = rows.dtype == codes.dtype == torch.float32
    fit = rows.device.type == "cpu" and float32 and rows.shape[-1] == codes.shape[-1] >= _WIDE and rows.numel() > 0
    found: Tensor = (_commitment if fit else plain)(rows, codes.detach(), index, real)
    return found


def plain(rows: Tensor, codes: Tensor, index: Tensor, real: Tensor | None) -> Tensor:
    """`commitment` in operations that every device has."""
    chosen = F.embedding(index, codes)
    if real is None:
        return F.mse_loss(rows, chosen)
    return torch.where(real[..., None], rows - chosen, 0).square().sum() / _numbers(rows, real)


@operation("shapezoo::commitment")
def _commitment(rows: Tensor, codes: Tensor, index: Tensor, real: Tensor | None) -> Tensor:
    inputs, size = _arrays(rows, index, real), _PART // rows.shape[-1] + 1
    sums = np.zeros(-(-index.numel() // size))
    table, (add, _) = codes.contiguous().numpy(), _kernels()

    def work(part: slice) -> None:
        add(*(array[part] for array in inputs), table, sums[part.start // size :])

    in_parts(work, index.numel(), size)
    return torch.tensor(sums.sum() / int(_numbers(rows, real)), dtype=rows.dtype)


@_commitment.register_fake
def _(rows: Tensor, codes: Tensor, index: Tensor, real: Tensor | None) -> Tensor:
    return rows.new_empty(())


@operation("shapezoo::commitment_backward")
def _backward(gradient: Tensor, rows: Tensor, codes: Tensor, index: Tensor, real: Tensor | None) -> Tensor:
    """Gradient of the rows, 2 (x − c) over the number of numbers."""
    found = torch.empty_like(rows, memory_format=torch.contiguous_format)
    scale = (gradient * 2 / _numbers(rows, real)).view(1).numpy()
    inputs, table, out = _arrays(rows, index, real), codes.contiguous().numpy(), found.flatten(0, -2).numpy()
    _, write = _kernels()

    def work(part: slice) -> None:
        write(*(array[part] for array in inputs), table, scale, out[part])

    in_parts(work, index.numel(), _PART // rows.shape[-1] + 1)
    return found


@_backward.register_fake
def _(gradient: Tensor, rows: Tensor, codes: Tensor, index: Tensor, real: Tensor | None) -> Tensor:
    return torch.empty_like(rows, memory_format=torch.contiguous_format)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    rows, codes, index, real = inputs
    # Codes may be updated before the backward pass.
    ctx.save_for_backward(rows, codes.clone(), index, real)


def _grads(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    return _backward(gradient, *ctx.saved_tensors), None, None, None


_commitment.register_autograd(_grads, setup_context=_setup)


def _numbers(rows: Tensor, real: Tensor | None) -> Tensor | int:
    """How many numbers the mean is of, at least 1."""
    return rows.numel() if real is None else (real.sum() * rows.shape[-1]).clamp(min=1)


def _arrays(rows: Tensor, index: Tensor, real: Tensor | None) -> list[NDArray[Any]]:
    real = torch.ones_like(index, dtype=torch.bool) if real is None else real
    flat = (rows.reshape(-1, rows.shape[-1]), index.reshape(-1), real.reshape(-1))
    return [tensor.contiguous().numpy() for tensor in flat]


@cache
def _kernels() -> tuple[Callable[..., None], Callable[..., None]]:
    return compiled(_add), compiled(_write)


def _add(
    rows: _Floats, index: NDArray[np.int64], real: NDArray[np.bool_], codes: _Floats, sums: NDArray[np.float64]
) -> None:
    squares = np.zeros(rows.shape[1], np.float32)
    for start in range(0, len(rows), _BLOCK):
        squares[:] = 0
        for row in range(start, min(start + _BLOCK, len(rows))):
            if real[row]:
                code = index[row]
                for axis in range(rows.shape[1]):
                    apart = rows[row, axis] - codes[code, axis]
                    squares[axis] += apart * apart
        for axis in range(rows.shape[1]):
            sums[0] += squares[axis]


def _write(
    rows: _Floats,
    index: NDArray[np.int64],
    real: NDArray[np.bool_],
    codes: _Floats,
    scale: _Floats,
    out: _Floats,
) -> None:
    factor = scale[0]
    for row in range(len(rows)):
        if real[row]:
            code = index[row]
            for axis in range(rows.shape[1]):
                out[row, axis] = factor * (rows[row, axis] - codes[code, axis])
        else:
            out[row] = 0
