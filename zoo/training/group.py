"""Process groups: join the processes that train together."""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
import torch.distributed as dist
from lightning.fabric.plugins.environments.cluster_environment import ClusterEnvironment
from lightning.fabric.plugins.environments.slurm import SLURMEnvironment
from lightning.pytorch.strategies import DDPStrategy, ModelParallelStrategy, Strategy
from lightning.pytorch.utilities.rank_zero import rank_zero_only  # type: ignore[attr-defined]
from torch.distributed import PrefixStore, Store, TCPStore  # type: ignore[attr-defined]
from torch.distributed.rendezvous import rendezvous
from zoo_registry import TrainerSpec, TrainingError, ZooNote

from zoo.training.devices import Devices
from zoo.training.heartbeat import PeerError, heartbeat
from zoo.training.launch import leave

_BACKENDS = {"cpu": "gloo", "gpu": "cpu:gloo,cuda:nccl"}
_PATIENCE = timedelta(hours=12)
"""Maximum time that a process waits for a live one, for example while the first reads the data."""
_MEETING = timedelta(minutes=10)
"""Maximum time to wait at the start until all processes have joined."""


@contextmanager
def joined(devices: Devices) -> Iterator[None]:
    """Context in which this process belongs to its group; only the first process prints notes.

    If this process already belongs to a group, it stays in it. Raises TrainingError if the processes do not find each
    other, and PeerError if another is gone. Another process without a heartbeat for ``devices.patience`` seconds ends
    this process, because its main thread may be waiting for the other.
    """
    group = devices.group
    if group is None:
        # Lightning reads it from RANK, even if another launcher has set it.
        rank_zero_only.rank = 0  # type: ignore[attr-defined]
    if group is None or dist.is_initialized():
        yield
        return
    if devices.accelerator == "gpu":
        torch.accelerator.set_device_index(group.local_rank())
    rank, processes = group.global_rank(), group.world_size()
    try:
        store = _meet(group)
        backend = _BACKENDS[devices.accelerator]
        dist.init_process_group(backend, store=store, rank=rank, world_size=processes, timeout=_PATIENCE)
        beats = heartbeat(_own_store(group, devices.patience), rank, processes, devices.patience, leave)
        with warnings.catch_warnings(), beats:
            if rank > 0:
                warnings.simplefilter("ignore", ZooNote)
            yield
    except RuntimeError as error:
        if isinstance(error, dist.DistError) or "gloo" in str(error):
            raise _lost(group, error) from None
        raise
    # Not if an error ends the process: others may be waiting, and it would wait for them.
    dist.destroy_process_group()


def _meet(group: ClusterEnvironment) -> Store:
    """The store of the group, through which its processes find each other; raise TrainingError if they cannot."""
    place = f"{group.main_address}:{group.main_port}"
    url = f"tcp://{place}?rank={group.global_rank()}&world_size={group.world_size()}"
    try:
        store, _, _ = next(rendezvous(url, timeout=_MEETING))
    except dist.DistError as error:
        hint = "is the port taken? set MASTER_PORT to a free one, and start all processes"
        raise TrainingError(
            f"process {group.global_rank()}", f"a connection to the others at {place}", _cause(error), hint
        ) from None
    return PrefixStore("zoo", store)


def _own_store(group: ClusterEnvironment, patience: int) -> Store:
    """A second connection to the store, because a connection that waits for an answer is blocked."""
    # Under srun the first process hosts the store, so its loss is the store's loss; otherwise the launcher hosts it.
    hosted = isinstance(group, SLURMEnvironment)
    timeout = timedelta(seconds=patience) if hosted else _PATIENCE
    place = group.main_address, group.main_port
    return TCPStore(*place, is_master=False, wait_for_workers=False, timeout=timeout)


def _lost(group: ClusterEnvironment, error: RuntimeError) -> PeerError:
    where, expected = f"process {group.global_rank()} of {group.world_size()}", "the others to train to the end"
    hint = "the process that ended first says why; continue with --resume"
    return PeerError(where, expected, f"one gone ({_cause(error)})", hint)


def _cause(error: RuntimeError) -> str:
    """The system's error message, without the stack trace."""
    first = str(error).splitlines()[0].rpartition("message: ")[2]
    return re.sub(r"^\[[^]]*\] ", "", first).partition(". ")[0]


def strategy(spec: TrainerSpec, devices: Devices) -> Strategy | str:
    """Lightning's strategy to combine gradients of processes; `auto` for a single process."""
    if devices.processes == 1:
        return "auto"
    if spec.strategy == "fsdp":
        return ModelParallelStrategy(devices.processes, 1, save_distributed_checkpoint=False)
    # Frozen parameters get no gradient: without the search for unused ones, DDP would wait for them
    # forever. Buffers are already equal, because every update of them sums over processes.
    return _Averaged(find_unused_parameters=True, broadcast_buffers=False)


class _Averaged(DDPStrategy):
    """DDP that also accepts a model without weights, which torch refuses: there are no gradients to average."""

    def configure_ddp(self) -> None:
        if self.model is None or any(parameter.requires_grad for parameter in self.model.parameters()):
            super().configure_ddp()
