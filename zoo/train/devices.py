"""The devices that a run trains on, and whether there are as many as it asks for."""

from dataclasses import dataclass
from typing import Literal

import torch
from lightning.fabric.plugins.environments.cluster_environment import ClusterEnvironment
from lightning.fabric.plugins.environments.slurm import SLURMEnvironment
from lightning.fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from zoo_registry import TrainerSpec, TrainingError


@dataclass(frozen=True)
class Devices:
    """What was asked for and is there: ``each`` devices on each of ``nodes`` machines.

    ``group`` tells of the processes that torchrun, srun or the zoo itself has started, of which this is one; None in a
    process that stands alone.
    """

    accelerator: Literal["cpu", "gpu"]
    each: int
    nodes: int
    group: ClusterEnvironment | None

    @property
    def processes(self) -> int:
        """Processes that train together, one for each device."""
        return self.each * self.nodes


def find_devices(spec: TrainerSpec) -> Devices:
    """The devices that ``spec`` asks for; raise TrainingError where they are not there, or not started."""
    there = torch.accelerator.device_count() if torch.accelerator.is_available() else 0
    if spec.accelerator == "gpu" and not there:
        raise TrainingError("trainer.accelerator", "a GPU", "none on this machine", "set it to auto or cpu")
    accelerator: Literal["cpu", "gpu"] = "gpu" if there and spec.accelerator != "cpu" else "cpu"
    each = (there if accelerator == "gpu" else 1) if spec.devices == "auto" else spec.devices
    if accelerator == "gpu" and each > there:
        raise TrainingError("trainer.devices", f"{there} GPUs at most, as there are", str(each), "lower it")
    found = Devices(accelerator, each, spec.nodes, _group())
    _require_started(found)
    return found


def _group() -> ClusterEnvironment | None:
    for kind in (TorchElasticEnvironment, SLURMEnvironment):
        if kind.detect() and (environment := kind()).world_size() > 1:
            return environment
    return None


def _require_started(devices: Devices) -> None:
    found = devices.group.world_size() if devices.group is not None else 1
    if devices.group is not None and found != devices.processes:
        expected = f"{devices.processes} processes, devices times nodes"
        raise TrainingError("trainer", expected, f"{found} started", "start as many, or change devices or nodes")
    if devices.group is None and devices.nodes > 1:
        hint = f"start it on each: torchrun --nnodes {devices.nodes} --nproc-per-node {devices.each} -m zoo train ..."
        raise TrainingError("trainer.nodes", "processes started by torchrun or srun", "this one alone", hint)
