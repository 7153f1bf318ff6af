"""The part of `zoo eval` about teachers: each of them, what they know together, and what the student made of it."""

from pydantic import BaseModel

from zoo.evaluation.times import ProcessingTime


class Reached(BaseModel, frozen=True):
    """Windows that one reader gets right. ``ece`` is None where there are no probabilities."""

    name: str
    correct: int
    total: int
    accuracy: float
    balanced_accuracy: float
    ece: float | None = None


class ClassWeights(BaseModel, frozen=True):
    """Mean weight of every teacher in the training windows of one class, in the order of the teachers."""

    name: str
    windows: int
    weights: list[float]


class Rescue(BaseModel, frozen=True):
    """Of the windows that the student alone gets wrong, those that ``teacher`` gets right, and how many of them the
    distilled student gets right."""

    teacher: str
    windows: int
    learned: int


class Paired(BaseModel, frozen=True):
    """The distilled student beside the student ``alone``, window by window.

    ``won`` are windows that only the distilled one gets right, ``lost`` those that only the other does. ``difference``
    is that of accuracies; ``low`` and ``high`` bound it in 95 % of ``draws`` bootstrap samples of ``units``.
    """

    alone: str
    both: int
    won: int
    lost: int
    neither: int
    difference: float
    low: float
    high: float
    units: str
    draws: int
    rescues: list[Rescue]


class TaughtReport(BaseModel, frozen=True):
    """``readers`` are the teachers, their mean with prior weights, and the oracle, which is right if any teacher is.

    ``weights`` are those the student was trained with; ``map_distance`` is the mean squared difference of similarity
    maps at every stage, in batches of ``map_batch`` windows, from the last stage backwards where numbers of stages
    differ. ``paired`` needs the run of the student alone. ``times`` are measured on request.
    """

    readers: list[Reached]
    weights: list[ClassWeights]
    map_distance: list[float] | None = None
    map_batch: int | None = None
    paired: Paired | None = None
    times: list[ProcessingTime] | None = None

    @property
    def teachers(self) -> list[str]:
        """Names of the teachers, in the order of their weights."""
        count = len(self.weights[0].weights) if self.weights else 0
        return [reader.name for reader in self.readers[:count]]

    @property
    def vary(self) -> bool:
        """Whether the weights differ between classes."""
        return any(of.weights != self.weights[0].weights for of in self.weights)
