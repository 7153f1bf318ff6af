"""Classes that are never predicted, by cause: lost by the model, hard on raw signals too, or unknown."""

from typing import NamedTuple

from zoo.evaluation.report import Majority
from zoo.evaluation.score import ClassScore
from zoo.findings.facts import Facts
from zoo.findings.finding import Finding
from zoo.findings.readers import Compared, at_majority, compared

HARD = 1 / 3
"""Recall on raw signals below which a class is hard for the classifier itself; a known hard one had .29."""
FEWEST = 5
"""Fewest windows of a class for which finding none is significant: at a recall of one half it has a chance of 3 %."""


class _Missed(NamedTuple):
    """A class of which a classifier recognises no window, and the class's score on raw signals."""

    by: Compared
    score: ClassScore
    raw: ClassScore | None

    @property
    def hard(self) -> bool:
        return self.raw is not None and (self.raw.recall or 0) < HARD

    def __str__(self) -> str:
        own = self.by.raw is self.by.score
        raw = "" if self.raw is None or own else f", {_hits(self.raw)} on raw signals"
        return f"{self.score.name} (0 of {self.score.support} windows{raw})"


def class_lost(facts: Facts) -> Finding | None:
    """Classes that are recognised in raw signals, and never by the model."""
    lost = [missed for missed in _missed(facts) if missed.raw is not None and not missed.hard]
    if not lost:
        return None
    rebuilt = lost[0].by.reader.reads == "rebuilt" or facts.head_reads_rebuilt
    where = "reconstruction" if rebuilt else "tokens"
    return Finding(
        name="class-lost",
        grade="warning",
        sentence=f"{_unrecognised(lost)}. Raw signals distinguish them, so they are lost in the {where}.",
        remedy="Raise model.quantizer.codes or model.encoder.tokens, and compare the reconstructions of such windows "
        "in `zoo report`.",
    )


def class_hard(facts: Facts) -> Finding | None:
    """Classes that are hardly recognised in raw signals either, so the codebook is not at fault."""
    hard = [missed for missed in _missed(facts) if missed.hard]
    if not hard:
        return None
    return Finding(
        name="class-hard",
        grade="note",
        sentence=f"{_unrecognised(hard)}. They are hard on raw signals too, so the model did not lose them.",
        remedy="Improve the classifier of raw signals first (more windows of these classes, or a wider one), or merge "
        "classes that signals do not distinguish.",
    )


def class_missed(facts: Facts) -> Finding | None:
    """Classes for which no classifier of raw signals is known."""
    missed = [missed for missed in _missed(facts) if missed.raw is None]
    if not missed:
        return None
    return Finding(
        name="class-missed",
        grade="warning",
        sentence=f"{_unrecognised(missed)}. Whether raw signals distinguish them is unknown.",
        remedy="Name a judge in evaluation.judges: an estimator such as aeon.MiniRocketClassifier, or the bundle of "
        "a classifier of signals such as wrn.signal.",
    )


def _missed(facts: Facts) -> list[_Missed]:
    """Missed classes, each by the first classifier; those that guess the majority have their own finding."""
    found: dict[str, _Missed] = {}
    for by in compared(facts):
        if facts.evaluation is None or _guesses(by, facts.evaluation.majority):
            continue
        for index, score in enumerate(by.score.classes):
            if score.recall == 0 and score.support >= FEWEST:
                raw = None if by.raw is None else by.raw.classes[index]
                found.setdefault(score.name, _Missed(by, score, raw))
    return list(found.values())


def _guesses(found: Compared, majority: Majority) -> bool:
    return at_majority(found.score, majority) or (found.twin is not None and at_majority(found.twin, majority))


def _unrecognised(missed: list[_Missed]) -> str:
    return f"{missed[0].by.words} recognises no window of {', '.join(map(str, missed))}"


def _hits(score: ClassScore) -> int:
    return round((score.recall or 0) * score.support)
