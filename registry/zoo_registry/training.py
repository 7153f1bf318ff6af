"""The spec of a training: optimizer, schedule, and phases, which set the learning components and the loss terms."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from zoo_registry.component import Spec
from zoo_registry.escaping import Name

Positive = Annotated[float, Field(gt=0, le=1e6)]
Weight = Annotated[float, Field(ge=0, le=1e9)]


class AdamWSpec(Spec):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019)."""

    kind: Literal["adamw"] = "adamw"
    lr: Positive = 1e-3
    """Peak learning rate of the schedule."""

    weight_decay: Weight = 0.01
    """Decoupled decay per step, times the learning rate."""


class SGDSpec(Spec):
    """Stochastic gradient descent with momentum."""

    kind: Literal["sgd"] = "sgd"
    lr: Positive = 0.05
    """Peak learning rate of the schedule."""

    momentum: float = Field(default=0.9, ge=0, lt=1)
    """Momentum factor: share of the last step kept in the next."""

    weight_decay: Weight = 1e-4
    """L2 penalty added to the gradient."""


class CosineSpec(Spec):
    """Linear warm-up, then cosine decay to a share of the peak learning rate."""

    kind: Literal["cosine"] = "cosine"
    warmup: float = Field(default=0.05, ge=0, lt=1)
    """Share of all optimizer steps used for warm-up."""

    floor: float = Field(default=0.01, ge=0, le=1)
    """Final learning rate, as a share of the peak."""


class StepsSpec(Spec):
    """Linear warm-up, then step decay: the learning rate is multiplied by a factor at given points."""

    kind: Literal["steps"] = "steps"
    warmup: float = Field(default=0.0, ge=0, lt=1)
    """Share of all optimizer steps used for warm-up."""

    at: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = (1 / 3, 2 / 3)
    """Shares of all optimizer steps at which the rate drops."""

    factor: float = Field(default=0.1, gt=0, lt=1)
    """Factor on the learning rate at each drop."""


class RampSpec(Spec):
    """A weight, or a temperature, that changes linearly from one value to another, then stays constant."""

    start: Weight = 0.0
    """Value at the start of the phase."""

    end: Weight = 1.0
    """Value after `over`."""

    over: int = Field(ge=1, le=1_000_000)
    """Duration of the ramp, in the unit of the phase (epochs or batches)."""


class ClosedSpec(Spec):
    """How a linear map is solved in closed form: the loss, and the penalty strengths to try."""

    method: Literal["ridge", "discriminant", "logistic"] = "ridge"
    """ridge: least squares on one-hot targets, solved exactly. discriminant: the same, then classes separated by
    Gaussians in its held-out scores, better where features are few. logistic: cross-entropy (scikit-learn), slower."""

    alphas: tuple[Positive, ...] | None = Field(default=None, min_length=1, max_length=100)
    """Candidate weights of the squared-norm penalty, for features with squared norm 1 on average and errors summed over
    windows. Null tries half decades from 1e-6 to 1e3, or decades from .001 to 100 for logistic."""


class PhaseSpec(Spec):
    """A part of training: its length, the components that learn, and the loss terms."""

    name: Name = Field(default="train", min_length=1, max_length=64)
    """Name in logs and curves."""

    length: int = Field(default=1, ge=1, le=1_000_000)
    """Epochs or batches of the phase before the next one starts; the list of phases repeats."""

    every: Literal["epoch", "batch"] = "epoch"
    """Unit of `length`."""

    learn: tuple[str, ...] | None = None
    """Components, or paths within them (`decoder.shapes`), that learn; null means all. Everything else is frozen."""

    fit: Literal["gradient", "closed"] = "gradient"
    """gradient: by the optimizer. closed: a linear head is solved in closed form in one epoch, from all training
    windows."""

    closed: ClosedSpec = ClosedSpec()
    """Settings of the closed form, only for phases with fit: closed."""

    weights: Mapping[str, Weight | RampSpec] | None = None
    """Weight of each loss term, a number or a ramp; terms not listed have weight 0. Null gives every term weight 1."""

    temperature: Weight | RampSpec | None = None
    """Temperature of distillation, a number or a ramp; null takes the one in `distill`."""

    measure: bool = False
    """The phase only measures: it is intended that nothing learns."""


class TrainingSpec(Spec):
    """How a model is trained."""

    epochs: int = Field(default=20, ge=1, le=1_000_000)
    """Passes over the training data; the list of phases repeats until they are done."""

    batch: int = Field(default=64, ge=1, le=1_000_000)
    """Windows per batch, in each process."""

    accumulate: int = Field(default=1, ge=1, le=10_000)
    """Batches per optimizer step."""

    seed: int = Field(default=0, ge=0, lt=2**32)
    """Seed of initial weights, window order and dropout."""

    optimizer: Annotated[AdamWSpec | SGDSpec, Field(discriminator="kind")] = AdamWSpec()
    """The optimizer, the same for all phases."""

    schedule: Annotated[CosineSpec | StepsSpec, Field(discriminator="kind")] = CosineSpec()
    """The learning rate schedule, the same for all phases."""

    turn: float | None = Field(default=None, gt=0, le=180)
    """Rotation augmentation: degrees by which a copy of every training window is rotated around a random axis, as for
    sensors worn at another angle; channels in threes, x y z. Null adds no copies."""

    clip: Positive | None = 1.0
    """Maximum gradient norm; null does not clip."""

    phases: tuple[PhaseSpec, ...] = Field(default=(PhaseSpec(),), min_length=1, max_length=1000)
    """The phases in order, repeated."""

    select: str = Field(default="last", pattern=r"^[A-Za-z0-9_-]{1,32}$")
    """Weights saved in the bundle: the last, or the best on the validation split by an objective of the run: accuracy
    (of the head), x, codebook (if `evaluation.codebook` measures it), or a judge's name (its accuracy on
    reconstructions)."""
