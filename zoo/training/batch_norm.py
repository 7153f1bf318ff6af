"""Batch norm over the batches of all processes, as one batch."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from zoo.contracts.processes import summed, world_size


def synchronised() -> AbstractContextManager[object]:
    """Context in which `batch_norm` in training mode uses mean and variance over all processes; unchanged for one
    process.

    Modules keep their type and name, on any device; modules in eval mode are not affected.
    """
    return _Synchronised() if world_size() > 1 else nullcontext()


class _Synchronised(TorchFunctionMode):
    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if function is F.batch_norm:
            return batch_norm(*args, **kwargs or {})
        return function(*args, **kwargs or {})


def batch_norm(
    input: Tensor,  # noqa: A002 - named as torch names it, for calls by keyword
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """`(b c ...)` like `torch.nn.functional.batch_norm`, with the batches of all processes as one batch.

    Two passes, each a sum over processes: the mean, then the squared distances from it, so that a large offset costs no
    precision. The running variance uses the unbiased variance, like torch (Ioffe & Szegedy 2015).
    """
    if not training:
        return F.batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    values = input.to(torch.promote_types(input.dtype, torch.float32))
    axes, per_channel = (0, *range(2, input.dim())), (1, -1, *[1] * (input.dim() - 2))
    sums = summed(torch.cat([values.sum(axes), values.new_full((1,), input.numel() / input.shape[1])]))
    mean, count = sums[:-1] / sums[-1], sums[-1].detach()
    centred = values - mean.view(per_channel)
    variance = summed(centred.square().sum(axes)) / count
    if running_mean is not None and running_var is not None:
        with torch.no_grad():
            running_mean.lerp_(mean.to(running_mean.dtype), momentum)
            running_var.lerp_((variance * count / (count - 1)).to(running_var.dtype), momentum)
    normal = centred * (variance + eps).rsqrt().view(per_channel)
    if weight is not None:
        normal = normal * weight.view(per_channel)
    if bias is not None:
        normal = normal + bias.view(per_channel)
    return normal.to(input.dtype)
