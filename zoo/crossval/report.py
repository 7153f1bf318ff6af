"""Content of `crossval.json`: the score on every subject, and over all of them."""

from pydantic import BaseModel

from zoo.runs.compare import Spread


class SubjectScore(BaseModel, frozen=True):
    """The windows of one ``subject``, classified by a model that was trained on all others.

    ``classes`` is how many classes the subject has; ``unknown`` are those that nobody else has, with so many windows.
    """

    subject: str
    folder: str
    correct: int
    total: int
    accuracy: float
    balanced_accuracy: float
    classes: int
    unknown: list[str]
    unknown_windows: int


class CrossReport(BaseModel, frozen=True):
    """Scores of all subjects; ``missing`` are those without a trained run, with the reason.

    ``folds`` is the spread of the accuracies of ``subjects``; ``varied`` that without subjects of a single class, on
    whom accuracy says little, None if there are none of these or fewer than two others. ``correct`` of ``total`` counts
    every window once; ``worst`` is the subject of the lowest accuracy.
    """

    run: str
    subjects: list[SubjectScore]
    missing: dict[str, str]
    folds: Spread
    varied: Spread | None
    correct: int
    total: int
    worst: str

    @property
    def accuracy(self) -> float:
        """The share of all windows that are correct."""
        return self.correct / self.total
