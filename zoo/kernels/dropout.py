"""Dropout on a CPU: a mask from a counter, made again in the backward pass instead of kept."""

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

_ROUNDS = 10
_BLOCK = 512
"""Counters whose numbers are drawn together, few enough to stay in a cache; each gives eight elements their bits."""
_PART = 8 * _BLOCK * 8
"""Elements of a part of the work, about a twentieth of a millisecond; a further thread has two at least."""
_STEPS = 2**16


def dropout(x: Tensor, p: float, training: bool = True) -> Tensor:
    """`x` with each element set to 0 with probability ``p`` and the others divided by 1 − p, in training.

    On a CPU, in float32 and float64, ``p`` is rounded to a multiple of 2⁻¹⁶, and the mask follows from one number that
    is drawn from torch's generator: Philox4x32-10 (Salmon et al. 2011) of it and of an element's position gives 16 bits
    an element. So the mask is the same on any number of threads and in the backward pass, which makes it again.
    Elsewhere this is torch's dropout.
    """
    if not training or p == 0:
        return x
    if x.device.type != "cpu" or x.dtype not in (torch.float32, torch.float64) or not 0 < round(p * _STEPS) < _STEPS:
        return F.dropout(x, p)
    found: Tensor = _dropped(x, torch.randint(2**63 - 1, ()), p)
    return found


@operation("shapezoo::dropout")
def _dropped(x: Tensor, seed: Tensor, p: float) -> Tensor:
    out = torch.empty_like(x, memory_format=torch.contiguous_format)
    least = round(p * _STEPS)
    given, result = x.contiguous().view(-1).numpy(), out.view(-1).numpy()
    scale, number = given.dtype.type(_STEPS / (_STEPS - least)), int(seed)
    kernel = _kernel()
    in_parts(lambda part: kernel(given[part], number, part.start // 8, least, scale, result[part]), len(given), _PART)
    return out


@_dropped.register_fake
def _(x: Tensor, seed: Tensor, p: float) -> Tensor:
    return torch.empty_like(x, memory_format=torch.contiguous_format)


def _keep(ctx: Any, inputs: tuple[Tensor, Tensor, float], output: Tensor) -> None:
    _, ctx.seed, ctx.p = inputs


def _backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
    return _dropped(grad, ctx.seed, ctx.p), None, None


_dropped.register_autograd(_backward, setup_context=_keep)


@cache
def _kernel() -> Callable[..., None]:
    return compiled(_drop)


def _drop(x: NDArray[Any], seed: int, first: int, least: int, scale: float, out: NDArray[Any]) -> None:
    """Into `out (n)` the elements `x (n)` times ``scale``, or 0 where the 16 bits of an element are below ``least``.

    ``first`` is the counter of the first eight elements.
    """
    counters = np.empty((4, _BLOCK), np.uint32)
    bits = np.empty((_BLOCK, 4), np.uint32)
    for start in range(0, len(x), 8 * _BLOCK):
        for i in range(_BLOCK):
            number = first + start // 8 + i
            counters[0, i], counters[1, i] = np.uint32(number & 0xFFFFFFFF), np.uint32(number >> 32)
            counters[2, i] = counters[3, i] = 0
        key, other = np.uint32(seed & 0xFFFFFFFF), np.uint32(seed >> 32)
        for _ in range(_ROUNDS):
            for i in range(_BLOCK):
                one = np.uint64(counters[0, i]) * np.uint64(0xD2511F53)
                two = np.uint64(counters[2, i]) * np.uint64(0xCD9E8D57)
                counters[0, i] = np.uint32(two >> np.uint64(32)) ^ counters[1, i] ^ key
                counters[2, i] = np.uint32(one >> np.uint64(32)) ^ counters[3, i] ^ other
                counters[1, i], counters[3, i] = np.uint32(two), np.uint32(one)
            key = np.uint32(key + np.uint32(0x9E3779B9))
            other = np.uint32(other + np.uint32(0xBB67AE85))
        for i in range(_BLOCK):
            for word in range(4):
                bits[i, word] = counters[word, i]
        of_elements = bits.view(np.uint16).reshape(8 * _BLOCK)
        for i in range(min(8 * _BLOCK, len(x) - start)):
            out[start + i] = x[start + i] * scale if of_elements[i] >= least else 0
