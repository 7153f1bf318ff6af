"""The spec of what a run trains on: devices, machines, and the precision of its numbers."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from zoo_registry.component import Spec
from zoo_registry.errors import SpecError

_MOST = 100_000


class TrainerSpec(Spec):
    """Where a run trains. One process works for each device; each takes `training.batch` windows of its own a batch.

    An optimizer step therefore sees devices times nodes times batch times accumulate windows.
    """

    accelerator: Literal["auto", "cpu", "gpu"] = "auto"
    """What the devices are; auto takes GPUs where there are some."""

    devices: Literal["auto"] | Annotated[int, Field(ge=1, le=_MOST)] = 1
    """Devices of each machine. On CPUs a device is a process, and auto is one; of GPUs auto takes all there are."""

    nodes: int = Field(default=1, ge=1, le=_MOST)
    """Machines; more than one take torchrun or srun to start them."""

    strategy: Literal["auto", "ddp", "fsdp"] = "auto"
    """How processes share a model: ddp holds it in each; fsdp spreads weights, gradients and moments over them, each
    whole from a forward pass to its backward pass. Auto is ddp."""

    precision: Literal["32-true", "bf16-mixed", "64-true"] = "32-true"
    """Numbers of the forward and backward pass; weights and moments are float64 for 64-true, else float32."""

    patience: int = Field(default=60, ge=5, le=86_400)
    """Seconds that one of several processes may give no sign of life, as where it is stopped or its machine is gone;
    then training ends."""

    compile: bool = False
    """Whether torch.compile makes one program of the model, which takes a minute or more at the first steps, and on a
    CPU a C++ compiler. Not with fsdp."""

    workers: int = Field(default=0, ge=0, le=1000)
    """Processes beside each training process that read batches ahead, two each, and as many again for validation; with
    0 it reads between steps itself. Windows and their order are the same. For GPUs batches lie in pinned memory."""

    @model_validator(mode="after")
    def _parts_fit(self) -> "TrainerSpec":
        if self.strategy == "fsdp" and self.precision == "64-true":
            hint = "use ddp, or another precision"
            raise SpecError("trainer.precision", "32-true or bf16-mixed for fsdp", self.precision, hint)
        if self.strategy == "fsdp" and self.compile:
            raise SpecError("trainer.compile", "false for fsdp", "true", "use ddp, or leave it out")
        return self
