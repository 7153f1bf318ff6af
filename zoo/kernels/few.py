"""The few nearest codes of every row, with their scores: what soft shares are made of."""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import torch
from numpy.typing import NDArray
from torch import Tensor

from zoo.kernels import few_cpu, few_cuda, nearest_cuda
from zoo.kernels.compiled import compiled
from zoo.kernels.operation import operation
from zoo.kernels.precision import without_autocast
from zoo.kernels.threads import in_parts

_CACHED, _MOST = 2**18, 2**25
"""Scores held at a time: on a CPU few enough to stay in its cache, on a GPU enough to keep it busy."""
_REGISTERS = 8
"""Codes of a row that the compiled forms keep, with their scores."""
_PART = 32
"""Rows of a part of the work on a CPU."""
_LANES = 32
"""Scores that are looked at together: most groups hold none of the least."""


class Few(NamedTuple):
    """Of each row the nearest ``codes (n f)``, nearest first, and their ``scores (n f)``, |c|²/2 − x·c."""

    scores: Tensor
    codes: Tensor


def nearest_few(rows: Tensor, codes: Tensor, number: int) -> Few:
    """rows `(n e)`, codes `(k e)` of one dtype and device -> the ``number`` nearest codes of each, number ≤ k.

    A score is half the squared distance less half the squared length of its row, in the precision of the rows; its
    exact gradient goes to the rows, and none to the codes. Of equal ones the lower index comes first on a CPU, and on
    CUDA where Triton's kernel runs (float32, 8 codes and 128 axes at most). Never holds all scores `(n k)`.
    """
    return Few(*_few(rows, codes.detach(), number))


@operation("shapezoo::few")
def _few(rows: Tensor, codes: Tensor, number: int) -> tuple[Tensor, Tensor]:
    return in_blocks(rows, codes, number)


def in_blocks(rows: Tensor, codes: Tensor, number: int) -> tuple[Tensor, Tensor]:
    """`nearest_few` on every device, in every precision and of any number, a block of scores at a time."""
    scores = rows.new_empty(len(rows), number)
    index = torch.empty(len(rows), number, dtype=torch.int64, device=rows.device)
    halves = codes.square().sum(-1) / 2
    size = max((_MOST if rows.is_cuda else _CACHED) // len(codes), 1)
    choose = _choose if rows.device.type == "cpu" else _choose_plainly
    with without_autocast(rows.device):
        for start in range(0, len(rows), size):
            part = slice(start, start + size)
            choose(torch.addmm(halves, rows[part], codes.T, alpha=-1), scores[part], index[part])
    return scores, index


@_few.register_kernel("cpu")
def _(rows: Tensor, codes: Tensor, number: int) -> tuple[Tensor, Tensor]:
    return (few_cpu.few if _fit(rows, codes, number) else in_blocks)(rows, codes, number)


@_few.register_kernel("cuda")
def _(rows: Tensor, codes: Tensor, number: int) -> tuple[Tensor, Tensor]:
    fit = _fit(rows, codes, number) and rows.shape[1] <= few_cuda.WIDEST and nearest_cuda.available()
    return (few_cuda.few if fit else in_blocks)(rows, codes, number)


def _fit(rows: Tensor, codes: Tensor, number: int) -> bool:
    return rows.dtype == codes.dtype == torch.float32 and rows.shape[1] == codes.shape[1] and number <= _REGISTERS


@_few.register_fake
def _(rows: Tensor, codes: Tensor, number: int) -> tuple[Tensor, Tensor]:
    shape = (rows.shape[0], number)
    return rows.new_empty(shape), rows.new_empty(shape, dtype=torch.int64)


@operation("shapezoo::few_backward")
def _backward(gradient: Tensor, index: Tensor, codes: Tensor) -> Tensor:
    """Gradient of the rows: −Σ g · c over the codes of each, as the score is linear in its row."""
    found = gradient.new_zeros(len(index), codes.shape[1])
    for place in range(index.shape[1]):
        found.addcmul_(gradient[:, place, None], codes[index[:, place]], value=-1)
    return found


@_backward.register_fake
def _(gradient: Tensor, index: Tensor, codes: Tensor) -> Tensor:
    return gradient.new_empty(index.shape[0], codes.shape[1])


def _setup(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    _, codes, _ = inputs
    ctx.mark_non_differentiable(output[1])
    ctx.save_for_backward(output[1], codes)


def _grads(ctx: Any, scores: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
    return _backward(scores, *ctx.saved_tensors), None, None


_few.register_autograd(_grads, setup_context=_setup)


def whole(rows: Tensor, codes: Tensor, number: int) -> tuple[Tensor, Tensor]:
    """`nearest_few` in operations that every device has, in one block `(n k)`."""
    halves = codes.square().sum(-1) / 2
    least = torch.addmm(halves, rows, codes.T, alpha=-1).topk(number, largest=False)
    return least.values, least.indices


def _choose_plainly(found: Tensor, scores: Tensor, index: Tensor) -> None:
    """Into ``scores`` and ``index (r f)`` the least of ``found (r k)``, in operations that every device has."""
    least = found.topk(scores.shape[1], largest=False)
    scores.copy_(least.values)
    index.copy_(least.indices)


def _choose(found: Tensor, scores: Tensor, index: Tensor) -> None:
    """The same on a CPU, a part of the rows in each of torch's threads."""
    arrays, kernel = [tensor.numpy() for tensor in (found, scores, index)], _kernel()
    in_parts(lambda part: kernel(*(array[part] for array in arrays)), len(found), _PART)


@cache
def _kernel() -> Callable[..., None]:
    return compiled(_least)


def _least(found: NDArray[Any], scores: NDArray[Any], index: NDArray[Any]) -> None:
    """The least of each row of ``found (r k)``, by insertion; a NaN is never less."""
    codes, number = found.shape[1], scores.shape[1]
    for row in range(len(found)):
        scores[row] = float("inf")
        index[row] = 0
        start = 0
        while start < codes:
            end = min(start + _LANES, codes)
            worst, some = scores[row, number - 1], False
            for code in range(start, end):
                some |= found[row, code] < worst
            if some:
                for code in range(start, end):
                    value = found[row, code]
                    if value < scores[row, number - 1]:
                        place = number - 1
                        while place > 0 and scores[row, place - 1] > value:
                            scores[row, place] = scores[row, place - 1]
                            index[row, place] = index[row, place - 1]
                            place -= 1
                        scores[row, place] = value
                        index[row, place] = code
            start = end
