"""Shard weights, gradients and moments over processes; weights are gathered for a forward pass."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from zoo.contracts import Quantizer, Stats
from zoo.model.assembly import ZooModel


def shard(model: ZooModel, mesh: DeviceMesh) -> None:
    """Shard the parameters of ``model`` over the processes of ``mesh``, in place; every process keeps all buffers.

    The model is one unit: from a forward pass to its backward pass every process holds all weights, so that any method
    of a component can be called in between.
    """
    fully_shard(model, mesh=mesh, reshard_after_forward=False)


def put_apart(model: ZooModel) -> None:
    """Reshard after a forward pass without a backward pass, so that each process holds only its part."""
    if isinstance(model, FSDPModule):
        model.reshard()


@torch.no_grad()
def update_codes(model: ZooModel, quantizer: Quantizer, stats: Stats) -> None:
    """Update the ``quantizer`` of ``model`` with ``stats``."""
    with whole(model, quantizer):
        quantizer.update(stats)


@contextmanager
def whole(model: ZooModel, component: nn.Module) -> Iterator[None]:
    """Context in which tensors of ``component`` of ``model`` may be assigned. Sharded weights are gathered first and
    sharded again at the end; every process must assign the same values."""
    if not isinstance(model, FSDPModule):
        yield
        return
    model.unshard()
    yield
    values = [parameter.detach().clone() for parameter in component.parameters()]
    model.reshard()
    for part, value in zip(component.parameters(), values, strict=True):
        assert isinstance(part, DTensor)
        part.copy_(distribute_tensor(value, part.device_mesh, part.placements))
