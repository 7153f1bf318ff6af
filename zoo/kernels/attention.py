"""Attention with dropout on a CPU, without a table of shares: torch's own is fused only without dropout."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from zoo.kernels.compiled import compiled
from zoo.kernels.dropout import STEPS, threshold
from zoo.kernels.operation import operation
from zoo.kernels.threads import in_parts

if TYPE_CHECKING:
    from zoo.kernels.attention_loops import Read

_PART = 16
"""Pairs of an index of the batch and a head that a thread takes at once."""


def attention(query: Tensor, key: Tensor, value: Tensor, allowed: Tensor | None = None, p: float = 0.0) -> Tensor:
    """Scaled dot-product attention `(b n h e)` of `query (b n h e)` to `key` and `value (b s h e)`.

    ``allowed (b s)`` True = may be attended to, None = all; a query without any gets 0. Shares are dropped with
    probability ``p``. On a CPU in float32, masks are drawn like those of `dropout`: they follow from one number of
    torch's generator and from positions, and backward draws them again. Elsewhere, and without dropout, this is torch's
    attention.
    """
    some = query.numel() > 0 and key.numel() > 0
    if some and query.device.type == "cpu" and query.dtype == torch.float32 and 0 < threshold(p) < STEPS:
        found: Tensor = _attend(query, key, value, allowed, torch.randint(2**63 - 1, ()), p)[0]
        return found
    query, key, value = (part.transpose(1, 2) for part in (query, key, value))
    mask = None if allowed is None else allowed[:, None, None]
    return F.scaled_dot_product_attention(query, key, value, mask, p).transpose(1, 2)


@operation("shapezoo::attention")
def _attend(
    query: Tensor, key: Tensor, value: Tensor, allowed: Tensor | None, seed: Tensor, p: float
) -> tuple[Tensor, Tensor]:
    out, sums = _results(query)
    _shared(_kernels()[0], (query, key, value), allowed, seed, p, (out, sums))
    return out, sums


def _results(query: Tensor) -> tuple[Tensor, Tensor]:
    batch, queries, heads, _ = query.shape
    return query.new_empty(query.shape), query.new_empty(2, batch, heads, queries)


@operation("shapezoo::attention_backward")
def _attend_back(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    grad: Tensor,
    sums: Tensor,
    allowed: Tensor | None,
    seed: Tensor,
    p: float,
) -> tuple[Tensor, Tensor, Tensor]:
    found = _gradients(query, key, value)
    _shared(_kernels()[1], (query, key, value, grad), allowed, seed, p, (sums, *found))
    return found


def _gradients(query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return query.new_empty(query.shape), key.new_empty(key.shape), value.new_empty(value.shape)


def _shared(
    kernel: Callable[..., None], read: Sequence[Tensor], allowed: Tensor | None, seed: Tensor, p: float,
    written: Sequence[Tensor],
) -> None:  # fmt: skip
    """Call ``kernel`` for all pairs, by as many threads as torch uses."""
    from zoo.kernels.attention_loops import Drop

    least = threshold(p)
    drop = Drop(int(seed), least, STEPS / (STEPS - least))
    seen = np.ones(read[1].shape[:2], np.bool_) if allowed is None else allowed.contiguous().numpy()
    given, results = [_readable(part) for part in read], [part.numpy() for part in written]
    pairs = read[0].shape[0] * read[0].shape[2]
    in_parts(lambda part: kernel(*given, seen, drop, part.start, part.stop, *results), pairs, _PART)


def _readable(part: Tensor) -> "Read":
    """numba reads values that lie side by side faster than an array with steps."""
    from zoo.kernels.attention_loops import Read

    part = part if part.stride(-1) == 1 else part.contiguous()
    reach = sum((size - 1) * step for size, step in zip(part.shape, part.stride(), strict=True)) + 1
    batch, row, head, _ = part.stride()
    return Read(part.as_strided((reach,), (1,)).numpy(), batch, row, head, part.shape[-1])


_attend.register_fake(lambda query, *_: _results(query))
_attend_back.register_fake(lambda query, key, value, *_: _gradients(query, key, value))


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    query, key, value, allowed, seed, ctx.p = inputs
    ctx.save_for_backward(query, key, value, allowed, seed, output[1])


def _backward(ctx: Any, grad: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
    query, key, value, allowed, seed, sums = ctx.saved_tensors
    return (*_attend_back(query, key, value, grad, sums, allowed, seed, ctx.p), None, None, None)


_attend.register_autograd(_backward, setup_context=_keep)


@cache
def _kernels() -> tuple[Callable[..., None], Callable[..., None]]:
    from zoo.kernels import attention_loops

    return compiled(attention_loops.attend), compiled(attention_loops.attend_back)
