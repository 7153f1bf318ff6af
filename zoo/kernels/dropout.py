"""Dropout on a CPU: a mask from a counter, made again in the backward pass instead of kept."""

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from zoo.kernels.compiled import compiled
from zoo.kernels.operation import operation
from zoo.kernels.threads import in_parts

_PART = 2**15
"""Elements of a part of the work, about a twentieth of a millisecond; a further thread has two at least."""
STEPS = 2**16


def threshold(p: float) -> int:
    """The number below which 16 random bits drop an element with probability ``p``."""
    return round(p * STEPS)


def dropout(x: Tensor, p: float, training: bool = True) -> Tensor:
    """`x` with each element set to 0 with probability ``p`` and the others divided by 1 − p, in training.

    On a CPU, in float32 and float64, ``p`` is rounded to a multiple of 2⁻¹⁶, and the mask follows from one number that
    is drawn from torch's generator: Philox4x32-10 (Salmon et al. 2011) of it and of an element's position gives 16 bits
    an element. So the mask is the same on any number of threads and in the backward pass, which makes it again.
    Elsewhere this is torch's dropout.
    """
    if not training or p == 0:
        return x
    if x.device.type != "cpu" or x.dtype not in (torch.float32, torch.float64) or not 0 < threshold(p) < STEPS:
        return F.dropout(x, p)
    found: Tensor = _dropped(x, torch.randint(2**63 - 1, ()), p)
    return found


@operation("shapezoo::dropout")
def _dropped(x: Tensor, seed: Tensor, p: float) -> Tensor:
    out = torch.empty_like(x, memory_format=torch.contiguous_format)
    least = threshold(p)
    given, result = x.contiguous().view(-1).numpy(), out.view(-1).numpy()
    scale, number = given.dtype.type(STEPS / (STEPS - least)), int(seed)
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
    from zoo.kernels import philox

    return compiled(philox.drop)
