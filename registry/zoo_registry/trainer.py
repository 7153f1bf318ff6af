"""The spec of the training hardware: devices, machines, and numeric precision."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from zoo_registry.component import Spec
from zoo_registry.errors import SpecError

_MOST = 100_000


class TrainerSpec(Spec):
    """Where a run trains. There is one process per device, and each reads its own `training.batch` windows per batch.

    An optimizer step therefore sees devices times nodes times batch times accumulate windows.
    """

    accelerator: Literal["auto", "cpu", "gpu"] = "auto"
    """Type of the devices; auto takes GPUs if there are any."""

    devices: Literal["auto"] | Annotated[int, Field(ge=1, le=_MOST)] = 1
    """Devices of each machine. On CPUs a device is a process, and auto means one; on GPUs auto means all."""

    nodes: int = Field(default=1, ge=1, le=_MOST)
    """Number of machines; more than one need torchrun or srun to start."""

    strategy: Literal["auto", "ddp", "fsdp"] = "auto"
    """How processes share a model. ddp: each process holds the whole model. fsdp: weights, gradients and moments are
    sharded over processes, and weights are gathered from the forward to the backward pass. auto: ddp."""

    precision: Literal["32-true", "bf16-mixed", "bf16-linear", "64-true"] = "32-true"
    """Precision of the forward and backward pass; weights and moments are float64 for 64-true, else float32.
    bf16-linear: only products of linear layers in bfloat16, in training steps, on a CPU that has it."""

    patience: int = Field(default=60, ge=5, le=86_400)
    """Seconds without a heartbeat from one of several processes, stopped or on a lost machine, after which training
    ends."""

    compile: bool = False
    """Whether to compile the model with torch.compile. The first steps then take a minute or more, and a CPU needs a
    C++ compiler. Not with fsdp."""

    workers: int = Field(default=0, ge=0, le=1000)
    """DataLoader workers per rank (prefetch factor 2); validation starts as many again. With 0 the training process
    reads batches between steps. Windows and their order do not change. For GPUs batches are in pinned memory."""

    @model_validator(mode="after")
    def _parts_fit(self) -> "TrainerSpec":
        if self.strategy == "fsdp" and self.precision == "64-true":
            hint = "use ddp, or another precision"
            raise SpecError("trainer.precision", "32-true or bf16-mixed for fsdp", self.precision, hint)
        if self.strategy == "fsdp" and self.compile:
            raise SpecError("trainer.compile", "false for fsdp", "true", "use ddp, or leave it out")
        if self.precision == "bf16-linear":
            self._require_plain_cpu()
        return self

    def _require_plain_cpu(self) -> None:
        if self.accelerator == "gpu":
            hint = "set trainer.precision to bf16-mixed"
            raise SpecError("trainer.accelerator", "cpu or auto for bf16-linear", "gpu", hint)
        if self.compile:
            hint = "leave out trainer.compile, or set trainer.precision to bf16-mixed"
            raise SpecError("trainer.compile", "false for bf16-linear", "true", hint)
        if self.strategy == "fsdp":
            hint = "use ddp, or another precision"
            raise SpecError("trainer.precision", "32-true or bf16-mixed for fsdp", self.precision, hint)
