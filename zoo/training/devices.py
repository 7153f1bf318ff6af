"""The devices that a run trains on, and whether there are as many as it asks for."""

import os
from dataclasses import dataclass
from typing import Literal

import torch
from lightning.fabric.plugins.environments.cluster_environment import ClusterEnvironment
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.fabric.plugins.environments.slurm import SLURMEnvironment
from lightning.fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from zoo_registry import TrainerSpec, TrainingError

from zoo.process.launched import launched


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
    patience: int
    """Seconds that another process of the group may be silent."""

    @property
    def processes(self) -> int:
        """Processes that train together, one for each device."""
        return self.each * self.nodes

    @property
    def environment(self) -> ClusterEnvironment:
        """What Lightning is to believe of this process, which would look for other launchers itself."""
        return LightningEnvironment() if self.group is None else self.group


def find_devices(spec: TrainerSpec) -> Devices:
    """The devices that ``spec`` asks for; raise TrainingError where they are not there, or not started."""
    there = torch.accelerator.device_count() if torch.accelerator.is_available() else 0
    if spec.accelerator == "gpu" and not there:
        raise TrainingError("trainer.accelerator", "a GPU", "none on this machine", "set it to auto or cpu")
    accelerator: Literal["cpu", "gpu"] = "gpu" if there and spec.accelerator != "cpu" else "cpu"
    each = (there if accelerator == "gpu" else 1) if spec.devices == "auto" else spec.devices
    if accelerator == "gpu" and each > there:
        raise TrainingError("trainer.devices", f"{there} GPUs at most, as there are", str(each), "lower it")
    found = Devices(accelerator, each, spec.nodes, _group(), spec.patience)
    _require_started(found)
    return found


def _group() -> ClusterEnvironment | None:
    found = launched()
    if found is None:
        return None
    if found.by == "torchrun":
        return TorchElasticEnvironment()
    if "SLURM_NTASKS_PER_NODE" not in os.environ:
        expected, hint = "--ntasks-per-node, which says how many devices a machine has", "add it to srun or sbatch"
        raise TrainingError("srun", expected, "no SLURM_NTASKS_PER_NODE", hint)
    return SLURMEnvironment()


def _require_started(devices: Devices) -> None:
    found = devices.group.world_size() if devices.group is not None else 1
    if devices.group is not None and found != devices.processes:
        expected = f"{devices.processes} processes, devices times nodes"
        raise TrainingError("trainer", expected, f"{found} started", "start as many, or change devices or nodes")
    if isinstance(devices.group, SLURMEnvironment):
        _require_spread(devices)
    if devices.group is None and devices.nodes > 1:
        hint = f"start it on each: torchrun --nnodes {devices.nodes} --nproc-per-node {devices.each} -m zoo train ..."
        raise TrainingError("trainer.nodes", "processes started by torchrun or srun", "this one alone", hint)


def _require_spread(devices: Devices) -> None:
    """Raise TrainingError where srun spread the processes over machines in another way than was asked for."""
    asked = {"SLURM_NTASKS_PER_NODE": devices.each, "SLURM_NNODES": devices.nodes}
    found = {name: os.environ.get(name, str(number)) for name, number in asked.items()}
    if found != {name: str(number) for name, number in asked.items()}:
        expected = f"{devices.each} processes on each of {devices.nodes} machines"
        told = ", ".join(f"{name}={value}" for name, value in found.items())
        raise TrainingError("trainer", expected, told, "change devices and nodes, or what srun is asked for")
