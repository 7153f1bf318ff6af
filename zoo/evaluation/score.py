"""Scores of one classifier on one split, keyed by the classifier and its input."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, model_validator

_ON = " on "


class Reader(BaseModel, frozen=True):
    """A classifier and its input: the key of a score.

    ``name`` is that of a judge; ``own`` marks the model's own head, whose name is `head`. ``reads`` is `raw` or
    `rebuilt` for raw signals or reconstructions. For the head it is `declared`, the input that its spec declares, or
    `raw` if it gets raw signals instead of reconstructions.

    Reports up to version 0.1 have the `label` in place of these fields; it is read too.
    """

    name: str
    reads: Literal["declared", "raw", "rebuilt"]
    own: bool = False

    @model_validator(mode="before")
    @classmethod
    def _from_label(cls, given: Any) -> Any:
        if not isinstance(given, str):
            return given
        if given == HEAD.label:
            return HEAD.model_dump()
        name, _, reads = given.rpartition(_ON)
        return {"name": name, "reads": reads, "own": name == HEAD.name}

    @property
    def label(self) -> str:
        """Its name in tables and in `metrics.csv`: `head`, `head on raw`, `NAME on raw` or `NAME on rebuilt`."""
        return self.name if self.reads == "declared" else f"{self.name}{_ON}{self.reads}"

    @property
    def words(self) -> str:
        """Its name in a sentence."""
        name = "the model's own head" if self.own else f"judge {self.name}"
        return name if self.reads == "declared" else f"{name} on {self.reads} signals"

    @property
    def metric(self) -> str:
        """The name of its accuracy among the values of an epoch."""
        return f"accuracy/{self.label}"


HEAD = Reader(name="head", reads="declared", own=True)
"""The model's own head on the input that its spec declares."""
HEAD_ON_RAW = Reader(name="head", reads="raw", own=True)
"""The same head on raw signals, if it declares reconstructions."""


def on_raw(judge: str) -> Reader:
    """A judge that reads raw signals."""
    return Reader(name=judge, reads="raw")


def on_rebuilt(judge: str) -> Reader:
    """A judge that reads reconstructions."""
    return Reader(name=judge, reads="rebuilt")


class ClassScore(BaseModel, frozen=True):
    """One class: how many windows it has, how often it was predicted, and the share found."""

    name: str
    support: int
    predicted: int
    recall: float | None


class Score(BaseModel, frozen=True):
    """Scores of one ``reader`` on one split.

    ``balanced_accuracy`` is the mean recall over classes with support; ``macro_f1`` the mean F1 over classes that
    occur or were predicted; ``confusion[i][j]`` counts windows of class i predicted as j. ``ece`` is the expected
    calibration error: the gap between confidence and accuracy, 0 to 1; None for a judge without logits.
    """

    reader: Reader
    correct: int
    total: int
    accuracy: float
    balanced_accuracy: float
    macro_f1: float
    ece: float | None
    never_predicted: list[str]
    classes: list[ClassScore]
    confusion: list[list[int]]


class Pair(NamedTuple):
    """Both scores of one network or estimator: on the input it is meant for, and on raw signals if that is another."""

    score: Score
    raw: Score | None


def pairs(scores: Sequence[Score]) -> list[Pair]:
    """The scores of every network and estimator, in the order of ``scores``."""
    found = []
    for name, own in dict.fromkeys((score.reader.name, score.reader.own) for score in scores):
        reads = {s.reader.reads: s for s in scores if (s.reader.name, s.reader.own) == (name, own)}
        raw = reads.pop("raw", None)
        if raw is not None and not reads:
            found.append(Pair(raw, None))
        found += [Pair(score, raw) for score in reads.values()]
    return found


class Judged(NamedTuple):
    """Scores of one judge on raw and on rebuilt signals."""

    raw: Score
    rebuilt: Score


def judged(scores: Sequence[Score]) -> list[Judged]:
    """The scores of every judge that reads both raw and rebuilt signals, in the order of ``scores``."""
    return [Judged(raw, score) for score, raw in pairs(scores) if raw is not None and score.reader.reads == "rebuilt"]


class Hits(BaseModel, frozen=True):
    """How many windows a ``reader`` classifies correctly."""

    reader: Reader
    correct: int


def keyed(found: Any, field: str | None = None) -> Any:
    """Values of version 0.1, keyed by label, as a list with readers; each becomes ``field``, or is a mapping itself.

    Anything else is returned unchanged.
    """
    if not isinstance(found, dict):
        return found
    if field is not None:
        return [{"reader": label, field: value} for label, value in found.items()]
    return [value | {"reader": label} if isinstance(value, dict) else value for label, value in found.items()]
