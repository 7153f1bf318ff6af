"""Collective operations of the processes that train one model: sums, broadcasts and gathers."""

from collections.abc import Callable
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor
from zoo_registry import ZooError

T = TypeVar("T")


def world_size() -> int:
    """Number of processes that train together; 1 without a process group."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """Rank of this process; only rank 0 writes files."""
    return dist.get_rank() if world_size() > 1 else 0


def once(work: Callable[[], T]) -> T:
    """Run ``work`` in the first process while the others wait; all get its result, or its ZooError."""
    if world_size() == 1:
        return work()
    outcome: list[tuple[T | None, ZooError | None]] = [(None, None)]
    if rank() == 0:
        outcome = [_tried(work)]
    dist.broadcast_object_list(outcome, 0)
    found, error = outcome[0]
    if error is not None:
        raise error
    return found  # type: ignore[return-value]  # None only where `work` gives it


def _tried(work: Callable[[], T]) -> tuple[T | None, ZooError | None]:
    try:
        return work(), None
    except ZooError as error:
        return None, error


def summed(value: Tensor) -> Tensor:
    """The sum of ``value`` over all processes, the same in each; the gradient is also summed over processes.

    Lightning's strategies average the gradients of processes, so a loss computed from such a sum, the same in each
    process, gets the gradient of a single process.
    """
    if world_size() == 1:
        return value
    total: Tensor = _Sum.apply(value)
    return total


class _Sum(torch.autograd.Function):
    """The sum of a tensor over processes and, in the backward pass, of its gradient."""

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


def rows_of_all(value: Tensor) -> Tensor:
    """The rows of ``value (b ...)`` of all processes in rank order, each with any number of rows; with its gradient.

    As with `summed`, the gradient is summed over processes. Without gradients only the rows of this process: in
    validation processes may have different numbers of batches.
    """
    if world_size() == 1 or not torch.is_grad_enabled():
        return value
    counts = torch.zeros(world_size(), dtype=torch.long, device=value.device)
    counts[rank()] = len(value)
    counts = _sum(counts)
    before, after = (int(part.sum()) for part in (counts[: rank()], counts[rank() + 1 :]))
    others = value.new_zeros(before + after, *value.shape[1:])
    return summed(torch.cat([others[:before], value, others[before:]]))


def shared(value: Tensor) -> Tensor:
    """Broadcast ``value`` of the first process to all, for values drawn at random once. No gradient."""
    if world_size() == 1:
        return value
    held = value.detach().clone()
    dist.broadcast(held, 0)
    return held


def gathered(value: Tensor) -> Tensor:
    """The rows of ``value``, which has the same shape in all processes, in rank order. No gradient."""
    if world_size() == 1:
        return value
    parts = [torch.empty_like(value) for _ in range(world_size())]
    dist.all_gather(parts, value.detach().contiguous())
    return torch.cat(parts)
