"""The precision of training steps."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from lightning.pytorch.plugins.precision import Precision
from zoo_registry import TrainerSpec

from zoo.kernels import bf16_linear

LightningPrecision = Literal["32-true", "bf16-mixed", "64-true"]


class Bf16LinearPrecision(Precision):
    """Linear layers multiply in bfloat16 in training steps; validation is in float32, like `zoo eval`."""

    @contextmanager
    def train_step_context(self) -> Iterator[None]:
        with bf16_linear():
            yield


def plugins(spec: TrainerSpec) -> list[Precision]:
    """Precisions that Lightning does not have."""
    return [Bf16LinearPrecision()] if spec.precision == "bf16-linear" else []


def of_lightning(spec: TrainerSpec) -> LightningPrecision | None:
    """A precision that Lightning has; None for others."""
    return None if spec.precision == "bf16-linear" else spec.precision
