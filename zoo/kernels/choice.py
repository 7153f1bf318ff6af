"""How tokens choose between codes, softly: their doubt and what they chose in sum, a block of tokens at a time."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor

from zoo.kernels.operation import operation
from zoo.kernels.precision import without_autocast

_CACHED, _MOST = 2**17, 2**25
"""Choices held at a time: on a CPU few enough to stay in its cache, on a GPU enough to keep it busy."""


class Choice(NamedTuple):
    """Over real rows: ``doubt ()``, the sum of −Σ p log max(p, least), and ``usage (k)``, the sum of p."""

    doubt: Tensor
    usage: Tensor


def choose(rows: Tensor, codes: Tensor, real: Tensor, temperature: float, least: float) -> Choice:
    """rows `(n e)` choose codes `(k e)` by p = softmax(−|x − c|² / temperature); those of ``real (n)`` count.

    With exact gradients for both; forward and backward hold a block of choices, never `(n k)`. All in the precision of
    the rows, whatever autocast says.
    """
    return Choice(*_choose(rows, codes, real, temperature, least))


@operation("shapezoo::choose")
def _choose(rows: Tensor, codes: Tensor, real: Tensor, temperature: float, least: float) -> tuple[Tensor, Tensor]:
    doubt, usage = rows.new_zeros(()), rows.new_zeros(len(codes))
    with without_autocast(rows.device):
        for block, counted in _blocks(rows, real, len(codes)):
            log_p = _log_choice(block, codes, temperature)
            p = log_p.exp()
            usage += counted @ p
            doubt -= counted @ torch.linalg.vecdot(p, log_p.clamp_(min=math.log(least)))
    return doubt, usage


@_choose.register_fake
def _(rows: Tensor, codes: Tensor, real: Tensor, temperature: float, least: float) -> tuple[Tensor, Tensor]:
    return rows.new_empty(()), rows.new_empty(codes.shape[0])


@operation("shapezoo::choose_backward")
def _backward(
    doubt: Tensor, usage: Tensor, rows: Tensor, codes: Tensor, real: Tensor, temperature: float, least: float
) -> tuple[Tensor, Tensor]:
    """Gradients of rows and codes from those of ``doubt`` and ``usage``, the choices worked out again."""
    of_rows, of_codes, scale = torch.empty_like(rows), torch.zeros_like(codes), 2 / temperature
    place = 0
    with without_autocast(rows.device):
        for block, counted in _blocks(rows, real, len(codes)):
            log_p = _log_choice(block, codes, temperature)
            p = log_p.exp()
            free = log_p >= math.log(least)
            of_p = log_p.clamp_(min=math.log(least)).add_(free).mul_(-doubt).add_(usage)
            of_score = of_p.sub_(torch.linalg.vecdot(p, of_p)[:, None]).mul_(p).mul_(counted[:, None] * scale)
            torch.mm(of_score, codes, out=of_rows[place : place + len(block)])
            of_codes += of_score.T @ block - codes * of_score.sum(0)[:, None]
            place += len(block)
    return of_rows, of_codes


@_backward.register_fake
def _(
    doubt: Tensor, usage: Tensor, rows: Tensor, codes: Tensor, real: Tensor, temperature: float, least: float
) -> tuple[Tensor, Tensor]:
    return torch.empty_like(rows), torch.empty_like(codes)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    rows, codes, real, ctx.temperature, ctx.least = inputs
    ctx.save_for_backward(rows, codes, real)


def _grads(ctx: Any, doubt: Tensor, usage: Tensor) -> tuple[Tensor | None, ...]:
    return (*_backward(doubt, usage, *ctx.saved_tensors, ctx.temperature, ctx.least), None, None, None)


_choose.register_autograd(_grads, setup_context=_setup)


def _blocks(rows: Tensor, real: Tensor, codes: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Rows with 1 for those that count, else 0."""
    size = max((_MOST if rows.is_cuda else _CACHED) // codes, 1)
    return zip(torch.split(rows, size), torch.split(real.to(rows.dtype), size), strict=True)


def _log_choice(block: Tensor, codes: Tensor, temperature: float) -> Tensor:
    """log softmax(−|x − c|² / temperature) of `block (r e)`: `(r k)`; |x|² is the same for all codes."""
    scores = torch.addmm(codes.square().sum(-1), block, codes.T, beta=-1 / temperature, alpha=2 / temperature)
    return scores.log_softmax(-1)
