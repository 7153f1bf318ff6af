"""A model whose weights, gradients and moments are spread over processes: whole in a forward pass, in parts between."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from zoo.contracts import Stats
from zoo.model.assembly import ZooModel


def shard(model: ZooModel, mesh: DeviceMesh) -> None:
    """Spread the parameters of ``model`` over the processes of ``mesh``, in place; buffers stay in each.

    As one unit: from a forward pass to its backward pass every process holds all weights, so that whatever is asked of
    a component in between finds it whole.
    """
    fully_shard(model, mesh=mesh, reshard_after_forward=False)


def put_apart(model: ZooModel) -> None:
    """Let each process hold its part alone again, after a forward pass that no backward pass follows."""
    if isinstance(model, FSDPModule):
        model.reshard()


@torch.no_grad()
def update_codes(model: ZooModel, stats: Stats) -> None:
    """Let the quantizer of ``model`` follow ``stats``."""
    assert model.quantizer is not None
    with whole(model, model.quantizer):
        model.quantizer.update(stats)


@contextmanager
def whole(model: ZooModel, component: nn.Module) -> Iterator[None]:
    """Within it ``component`` of ``model`` may be written by hand; where weights are spread, it is whole, and what was
    written, alike in every process, is spread afterwards."""
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
