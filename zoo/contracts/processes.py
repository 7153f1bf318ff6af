"""Several processes that train one model, seen as one: sums over all of them, and what one of them holds."""

from collections.abc import Callable
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor
from zoo_registry import ZooError

T = TypeVar("T")


def world_size() -> int:
    """Processes that train together; 1 where none were started."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """Number of this process among those that train together; the first, 0, is the only one that writes files."""
    return dist.get_rank() if world_size() > 1 else 0


def once(work: Callable[[], T]) -> T:
    """What ``work`` gives in the first process, in each of them; the others wait. Its ZooError is raised in each."""
    if world_size() == 1:
        return work()
    told: list[tuple[T | None, ZooError | None]] = [(None, None)]
    if rank() == 0:
        told = [_tried(work)]
    dist.broadcast_object_list(told, 0)
    found, error = told[0]
    if error is not None:
        raise error
    return found  # type: ignore[return-value]  # None only where `work` gives it


def _tried(work: Callable[[], T]) -> tuple[T | None, ZooError | None]:
    try:
        return work(), None
    except ZooError as error:
        return None, error


def summed(value: Tensor) -> Tensor:
    """The sum of ``value`` over all processes, the same in each; its gradient is summed over them too.

    Lightning's strategies average the gradients of processes, so a loss of a sum, the same in each process, gets the
    gradient it would have had in one process.
    """
    if world_size() == 1:
        return value
    total: Tensor = _Sum.apply(value)
    return total


class _Sum(torch.autograd.Function):
    """The sum over processes of a tensor and, backwards, of its gradient."""

    @staticmethod
    def forward(ctx: Any, value: Tensor) -> Tensor:
        return _sum(value)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return _sum(gradients[0])


def _sum(value: Tensor) -> Tensor:
    total = value.clone(memory_format=torch.contiguous_format)
    dist.all_reduce(total)
    return total


def shared(value: Tensor) -> Tensor:
    """What the first process holds as ``value``, in each of them: for what is drawn once. No gradient."""
    if world_size() == 1:
        return value
    held = value.detach().clone()
    dist.broadcast(held, 0)
    return held


def gathered(value: Tensor) -> Tensor:
    """The rows of ``value``, of one shape in all processes, those of the first process first. No gradient."""
    if world_size() == 1:
        return value
    parts = [torch.empty_like(value) for _ in range(world_size())]
    dist.all_gather(parts, value.detach().contiguous())
    return torch.cat(parts)
