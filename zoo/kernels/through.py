"""The chosen code of every row with the gradient of the row: straight through the choice (Bengio et al. 2013)."""

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


def through(rows: Tensor, codes: Tensor, index: Tensor) -> Tensor:
    """rows `(... e)`, codes `(k e)`, index `(...)` -> codes[index] `(... e)`, exactly, in the dtype of the rows.

    The gradient goes to the rows, unchanged, and none to the codes. A NaN in a row stays NaN.
    """
    float32 = rows.dtype == codes.dtype == torch.float32
    fit = rows.device.type == "cpu" and float32 and rows.shape[-1] == codes.shape[-1]
    found: Tensor = (_through if fit else plain)(rows, codes.detach(), index)
    return found


def plain(rows: Tensor, codes: Tensor, index: Tensor) -> Tensor:
    """`through` in operations that every device has."""
    return (rows - rows.detach()).add_(F.embedding(index, codes))


@operation("shapezoo::through")
def _through(rows: Tensor, codes: Tensor, index: Tensor) -> Tensor:
    found = torch.empty_like(rows, memory_format=torch.contiguous_format)
    x, out = (tensor.reshape(-1, rows.shape[-1]).contiguous().numpy() for tensor in (rows, found))
    places, table, kernel = index.reshape(-1).contiguous().numpy(), codes.contiguous().numpy(), _kernel()
    in_parts(lambda part: kernel(x[part], places[part], table, out[part]), len(x), _PART // x.shape[1] + 1)
    return found


@_through.register_fake
def _(rows: Tensor, codes: Tensor, index: Tensor) -> Tensor:
    return torch.empty_like(rows, memory_format=torch.contiguous_format)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    """Nothing is kept."""


def _grads(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    return gradient, None, None


_through.register_autograd(_grads, setup_context=_setup)


@cache
def _kernel() -> Callable[..., None]:
    return compiled(_copy)


def _copy(rows: _Floats, index: NDArray[np.int64], codes: _Floats, out: _Floats) -> None:
    for row in range(len(rows)):
        code = index[row]
        for axis in range(rows.shape[1]):
            value = rows[row, axis]
            out[row, axis] = (value - value) + codes[code, axis]
