"""The devices of a run, and the check that the requested number is available."""

import os
from dataclasses import dataclass
from typing import Literal

import torch
from lightning.fabric.plugins.environments.cluster_environment import ClusterEnvironment
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.fabric.plugins.environments.slurm import SLURMEnvironment
from lightning.fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from zoo_registry import TrainerSpec, TrainingError

from zoo.kernels import has_bf16
from zoo.process.launched import launched


@dataclass(frozen=True)
class Devices:
    """The requested and available devices: ``each`` devices on each of ``nodes`` machines.

    ``group`` describes the processes started by torchrun, srun or the zoo, including this one; None for a single
    process.
    """

    accelerator: Literal["cpu", "gpu"]
    each: int
    nodes: int
    group: ClusterEnvironment | None
    patience: int
    """Maximum seconds without a heartbeat from another process of the group."""

    @property
    def processes(self) -> int:
        """Number of processes that train together, one per device."""
        return self.each * self.nodes

    @property
    def environment(self) -> ClusterEnvironment:
        """The cluster environment for Lightning, which would otherwise detect other launchers."""
        return LightningEnvironment() if self.group is None else self.group


def find_devices(spec: TrainerSpec) -> Devices:
    """The devices requested by ``spec``; raise TrainingError if they are not available, or their processes not
    started."""
    there = torch.accelerator.device_count() if torch.accelerator.is_available() else 0
    if spec.accelerator == "gpu" and not there:
        raise TrainingError("trainer.accelerator", "a GPU", "none on this machine", "set it to auto or cpu")
    accelerator: Literal["cpu", "gpu"] = "gpu" if there and spec.accelerator != "cpu" else "cpu"
    each = (there if accelerator == "gpu" else 1) if spec.devices == "auto" else spec.devices
    if accelerator == "gpu" and each > there:
        raise TrainingError(
            "trainer.devices", f"{there} GPUs at most, the number in this machine", str(each), "lower it"
        )
    if spec.precision == "bf16-linear":
        _require_bf16(accelerator)
    found = Devices(accelerator, each, spec.nodes, _group(), spec.patience)
    _require_started(found)
    return found


def _require_bf16(accelerator: str) -> None:
    if accelerator == "gpu":
        hint = "set it to bf16-mixed, or trainer.accelerator to cpu"
        raise TrainingError("trainer.precision", "32-true or bf16-mixed on a GPU", "bf16-linear", hint)
    if not has_bf16():
        found = "a CPU that emulates it, slowly"
        raise TrainingError("trainer.precision", "a CPU that multiplies in bfloat16", found, "set it to 32-true")


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
        raise TrainingError("trainer", expected, f"{found} started", "start that many, or change devices or nodes")
    if isinstance(devices.group, SLURMEnvironment):
        _require_spread(devices)
    if devices.group is None and devices.nodes > 1:
        hint = f"start it on each: torchrun --nnodes {devices.nodes} --nproc-per-node {devices.each} -m zoo train ..."
        raise TrainingError("trainer.nodes", "processes started by torchrun or srun", "this one alone", hint)


def _require_spread(devices: Devices) -> None:
    """Raise TrainingError if srun distributed the processes over machines differently from the spec."""
    requested = {"SLURM_NTASKS_PER_NODE": devices.each, "SLURM_NNODES": devices.nodes}
    found = {name: os.environ.get(name, str(number)) for name, number in requested.items()}
    if found != {name: str(number) for name, number in requested.items()}:
        expected = f"{devices.each} processes on each of {devices.nodes} machines"
        variables = ", ".join(f"{name}={value}" for name, value in found.items())
        raise TrainingError("trainer", expected, variables, "change devices and nodes, or the options of srun")
