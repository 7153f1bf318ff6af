"""Products of linear layers in bfloat16, with everything else in float32."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode


def has_bf16() -> bool:
    """Whether this processor multiplies in bfloat16: AVX512-BF16, AMX or ARM's BF16. Others emulate it, slowly."""
    from llvmlite import binding

    features = binding.get_host_cpu_features()
    return any(features.get(name, False) for name in ("avx512bf16", "amx-bf16", "bf16"))


class _Product(torch.autograd.Function):
    """`x (... e)`, `weight (o e)` -> `(... o)`; factors and results are rounded to bfloat16, those of gradients too."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        rows, factors = x.reshape(-1, x.shape[-1]).bfloat16(), weight.bfloat16()
        ctx.save_for_backward(rows, factors)
        ctx.size = x.shape
        found = (rows @ factors.T).float()
        return (found if bias is None else found + bias).view(*x.shape[:-1], -1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        rows, factors = ctx.saved_tensors
        grads = grad.reshape(-1, grad.shape[-1])
        rounded = grads.bfloat16()
        to_x, to_weight, to_bias = ctx.needs_input_grad
        return (
            (rounded @ factors).float().view(ctx.size) if to_x else None,
            (rounded.T @ rows).float() if to_weight else None,
            grads.sum(0) if to_bias else None,
        )


class _Mode(TorchFunctionMode):
    """While it is active, `F.linear` of float32 tensors multiplies in bfloat16; not where autocast is switched off.

    Biases, sums of biases' gradients and every other operation stay in float32.
    """

    def __init__(self) -> None:
        super().__init__()
        self.rounds = True

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if function is F.linear and self.rounds:
            return _linear(*args, **(kwargs or {}))
        return function(*args, **(kwargs or {}))

    @contextmanager
    def suspended(self, inner: AbstractContextManager[object]) -> Iterator[None]:
        """``inner``, in which linear layers multiply in float32 too."""
        self.rounds, before = False, self.rounds
        try:
            with inner:
                yield
        finally:
            self.rounds = before


def _linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:  # noqa: A002  # torch's name
    if input.dtype != torch.float32 or weight.dtype != torch.float32:
        return F.linear(input, weight, bias)
    found: Tensor = _Product.apply(input, weight, bias)
    return found


_active: list[_Mode] = []


@contextmanager
def bf16_linear() -> Iterator[None]:
    """Products of linear layers in bfloat16 in this context, also those of gradients whose forward pass is in it."""
    mode = _Mode()
    _active.append(mode)
    try:
        with mode:
            yield
    finally:
        _active.pop()


def active() -> _Mode | None:
    return _active[-1] if _active else None
