"""Classes that are never predicted, by cause: lost by the model, hard on raw signals too, or unknown."""

from typing import NamedTuple

from zoo.evaluation.report import ClassScore, Majority
from zoo.findings.facts import Facts
from zoo.findings.finding import Finding
from zoo.findings.readers import REBUILT, Reader, at_majority, capital, readers

HARD = 1 / 3
"""Recall on raw signals below which a class is hard for the classifier itself; a known hard one had .29."""
FEWEST = 5
"""Fewest windows of a class for which finding none is significant: at a recall of one half it has a chance of 3 %."""


class _Missed(NamedTuple):
    """A class in which a reader gets no window right, and the class's score on raw signals."""

    reader: Reader
    score: ClassScore
    raw: ClassScore | None

    @property
    def hard(self) -> bool:
        return self.raw is not None and (self.raw.recall or 0) < HARD

    def __str__(self) -> str:
        own = self.reader.raw is self.reader.scores
        raw = "" if self.raw is None or own else f", {_hits(self.raw)} on raw signals"
        return f"{self.score.name} (0 of {self.score.support} windows{raw})"


def class_lost(facts: Facts) -> Finding | None:
    """Classes that are recognised in raw signals, and never by the model."""
    lost = [missed for missed in _missed(facts) if missed.raw is not None and not missed.hard]
    if not lost:
        return None
    rebuilt = lost[0].reader.name.endswith(REBUILT) or facts.head_reads_rebuilt
    return Finding(
        name="class-lost",
        grade="warning",
        sentence=f"{_never_finds(lost)}: lost in the {'reconstruction' if rebuilt else 'tokens'}, as raw signals tell "
        "them.",
        remedy="Give such windows more room (raise model.quantizer.codes or model.encoder.tokens) and compare their "
        "reconstructions with `zoo report`.",
    )


def class_hard(facts: Facts) -> Finding | None:
    """Classes that are hardly recognised in raw signals either, so the codebook is not at fault."""
    hard = [missed for missed in _missed(facts) if missed.hard]
    if not hard:
        return None
    return Finding(
        name="class-hard",
        grade="note",
        sentence=f"{_never_finds(hard)}: hard on raw signals too, so not lost by the model.",
        remedy="Improve the classifier of raw signals first (more windows of these classes, or a wider one), or merge "
        "classes that signals cannot tell apart.",
    )


def class_missed(facts: Facts) -> Finding | None:
    """Classes for which no classifier of raw signals is known."""
    missed = [missed for missed in _missed(facts) if missed.raw is None]
    if not missed:
        return None
    return Finding(
        name="class-missed",
        grade="warning",
        sentence=f"{_never_finds(missed)}; whether raw signals tell them is not known.",
        remedy="Name a judge in evaluation.judges: an estimator such as aeon.MiniRocketClassifier, or the bundle of "
        "a classifier of signals such as wrn.signal.",
    )


def _missed(facts: Facts) -> list[_Missed]:
    """Missed classes by first reader; readers that guess the majority are left out: they have their own finding."""
    found: dict[str, _Missed] = {}
    for reader in readers(facts):
        if facts.evaluation is None or _guesses(reader, facts.evaluation.majority):
            continue
        for index, score in enumerate(reader.scores.classes):
            if score.recall == 0 and score.support >= FEWEST:
                raw = None if reader.raw is None else reader.raw.classes[index]
                found.setdefault(score.name, _Missed(reader, score, raw))
    return list(found.values())


def _guesses(reader: Reader, majority: Majority) -> bool:
    return at_majority(reader.scores, majority) or (reader.twin is not None and at_majority(reader.twin, majority))


def _never_finds(missed: list[_Missed]) -> str:
    return f"{capital(missed[0].reader.words)} never finds {', '.join(map(str, missed))}"


def _hits(score: ClassScore) -> int:
    return round((score.recall or 0) * score.support)
