"""The spec of a training: optimizer, schedule and the phases that say what learns and which terms count."""

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
    """Learning rate at the top of the schedule."""

    weight_decay: Weight = 0.01
    """Decoupled decay per step, times the learning rate."""


class SGDSpec(Spec):
    """Stochastic gradient descent with momentum."""

    kind: Literal["sgd"] = "sgd"
    lr: Positive = 0.05
    """Learning rate at the top of the schedule."""

    momentum: float = Field(default=0.9, ge=0, lt=1)
    """Share of the last step kept in the next."""

    weight_decay: Weight = 1e-4
    """L2 penalty added to the gradient."""


class CosineSpec(Spec):
    """Linear warm-up, then half a cosine down to a share of the learning rate."""

    kind: Literal["cosine"] = "cosine"
    warmup: float = Field(default=0.05, ge=0, lt=1)
    """Share of all optimizer steps spent warming up."""

    floor: float = Field(default=0.01, ge=0, le=1)
    """Learning rate at the end, as a share of its top."""


class StepsSpec(Spec):
    """Linear warm-up, then the learning rate times a factor at each of some epochs."""

    kind: Literal["steps"] = "steps"
    warmup: float = Field(default=0.0, ge=0, lt=1)
    """Share of all optimizer steps spent warming up."""

    at: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = (1 / 3, 2 / 3)
    """Shares of all optimizer steps at which the rate drops."""

    factor: float = Field(default=0.1, gt=0, lt=1)
    """What the rate is multiplied by at each drop."""


class RampSpec(Spec):
    """A weight that goes from one value to another in a straight line, then stays."""

    start: Weight = 0.0
    """Weight at the start of the phase."""

    end: Weight = 1.0
    """Weight after `over`."""

    over: int = Field(ge=1, le=1_000_000)
    """How long the ramp takes, in the phase's own unit (epochs or batches)."""


class ClosedSpec(Spec):
    """How a linear map is solved for: what is minimised, and which strengths of its penalty are tried."""

    method: Literal["ridge", "discriminant", "logistic"] = "ridge"
    """ridge: least squares on one-hot targets, solved exactly. discriminant: the same, then classes separated by
    Gaussians in its held-out scores, better where features are few. logistic: cross-entropy (scikit-learn), slower."""

    alphas: tuple[Positive, ...] | None = Field(default=None, min_length=1, max_length=100)
    """Weights of the squared map to choose from, for features whose squared norm is 1 on average; the errors are summed
    over windows. Null tries half decades from 1e-6 to 1e3, decades from .001 to 100 for logistic."""


class PhaseSpec(Spec):
    """A stretch of training: how long, what learns, which terms count."""

    name: Name = Field(default="train", min_length=1, max_length=64)
    """Name in logs and curves."""

    length: int = Field(default=1, ge=1, le=1_000_000)
    """How many epochs or batches the phase lasts before the next begins; the list starts over at its end."""

    every: Literal["epoch", "batch"] = "epoch"
    """Unit of `length`."""

    learn: tuple[str, ...] | None = None
    """Components or paths in them (`decoder.shapes`) that learn; null means all, everything else is frozen."""

    fit: Literal["gradient", "closed"] = "gradient"
    """gradient: by the optimizer. closed: a linear head is solved for in one epoch, from all training windows."""

    closed: ClosedSpec = ClosedSpec()
    """How a phase with fit: closed solves for the head; others leave it out."""

    weights: Mapping[str, Weight | RampSpec] | None = None
    """Weight of each loss term, a number or a ramp; a term not named weighs nothing. Null weighs every term 1."""

    measure: bool = False
    """Nothing learns on purpose: the phase only measures."""


class TrainingSpec(Spec):
    """How a model is trained."""

    epochs: int = Field(default=20, ge=1, le=1_000_000)
    """Passes over the training data; the list of phases repeats until they are spent."""

    batch: int = Field(default=64, ge=1, le=1_000_000)
    """Windows per batch, in each process."""

    accumulate: int = Field(default=1, ge=1, le=10_000)
    """Batches per optimizer step."""

    seed: int = Field(default=0, ge=0, lt=2**32)
    """Seed of initial weights, order of windows and dropout."""

    optimizer: Annotated[AdamWSpec | SGDSpec, Field(discriminator="kind")] = AdamWSpec()
    """One optimizer through all phases."""

    schedule: Annotated[CosineSpec | StepsSpec, Field(discriminator="kind")] = CosineSpec()
    """One schedule of the learning rate through all phases."""

    turn: float | None = Field(default=None, gt=0, le=180)
    """Degrees by which a copy of every training window is turned around a direction drawn at random, so that training
    also sees sensors worn at another angle; channels in threes, x y z. Null adds no copies."""

    clip: Positive | None = 1.0
    """Largest norm of the gradient; null leaves it."""

    phases: tuple[PhaseSpec, ...] = Field(default=(PhaseSpec(),), min_length=1, max_length=1000)
    """What happens in order, repeated."""

    select: str = Field(default="last", pattern=r"^[A-Za-z0-9_-]{1,32}$")
    """Which weights go into the bundle: the last, or the best on the validation split by an objective of the run:
    accuracy (of the head), x, codebook (where `evaluation.codebook` measures it), or a judge's name (its accuracy on
    rebuilt signals)."""
