"""Several processes that train one model, seen as one: sums over all of them, and what one of them holds."""

import torch.distributed as dist
from torch import Tensor
from torch.distributed.nn.functional import all_reduce


def world_size() -> int:
    """Processes that train together; 1 where none were started."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def summed(value: Tensor) -> Tensor:
    """The sum of ``value`` over all processes, the same in each; its gradient is summed over them too.

    Lightning's strategies average the gradients of processes, so a loss of a sum, the same in each process, gets the
    gradient it would have had in one process.
    """
    if world_size() == 1:
        return value
    total: Tensor = all_reduce(value)  # type: ignore[no-untyped-call]
    return total


def shared(value: Tensor) -> Tensor:
    """What the first process holds as ``value``, in each of them: for what is drawn once. No gradient."""
    if world_size() == 1:
        return value
    held = value.detach().clone()
    dist.broadcast(held, 0)
    return held
