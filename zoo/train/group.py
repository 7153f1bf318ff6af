"""This process as one of those that train together."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
import torch.distributed as dist
from lightning.pytorch.strategies import DDPStrategy, ModelParallelStrategy, Strategy
from zoo_registry import TrainerSpec

from zoo.notes import ZooNote
from zoo.train.devices import Devices

_BACKENDS = {"cpu": "gloo", "gpu": "cpu:gloo,cuda:nccl"}
_PATIENCE = timedelta(hours=12)
"""How long one process waits for another, as while the first reads the data. One that dies is noticed at once."""


@contextmanager
def joined(devices: Devices) -> Iterator[None]:
    """Within it, this process is one of its group, as it stays if it was; only the first one's notes are heard."""
    group = devices.group
    if group is None or dist.is_initialized():
        yield
        return
    if devices.accelerator == "gpu":
        torch.accelerator.set_device_index(group.local_rank())
    dist.init_process_group(
        _BACKENDS[devices.accelerator],
        init_method=f"tcp://{group.main_address}:{group.main_port}",
        rank=group.global_rank(),
        world_size=group.world_size(),
        timeout=_PATIENCE,
    )
    with warnings.catch_warnings():
        if group.global_rank() > 0:
            warnings.simplefilter("ignore", ZooNote)
        yield
    # Not where an error ends the process: others may be waiting, and it would wait for them.
    dist.destroy_process_group()


def strategy(spec: TrainerSpec, devices: Devices) -> Strategy | str:
    """How Lightning brings the gradients of the processes together; `auto` where there is but one."""
    if devices.processes == 1:
        return "auto"
    if spec.strategy == "fsdp":
        return ModelParallelStrategy(devices.processes, 1, save_distributed_checkpoint=False)
    # What a phase freezes gives no gradient: without looking for it, the others would be waited for in vain. Buffers
    # are alike already, as whatever changes them sums over processes.
    return _Averaged(find_unused_parameters=True, broadcast_buffers=False)


class _Averaged(DDPStrategy):
    """DDP, but for a model without weights, which torch's refuses: it has no gradients to average."""

    def configure_ddp(self) -> None:
        assert self.model is not None
        if any(parameter.requires_grad for parameter in self.model.parameters()):
            super().configure_ddp()
