"""Scores on a model's output, with the scores of the same network on raw signals, and what both prove."""

from dataclasses import dataclass

from scipy.special import bdtrc

from zoo.evaluation.report import EvalReport, Majority
from zoo.evaluation.score import HEAD, HEAD_ON_RAW, Reader, Score, on_raw
from zoo.findings.facts import Facts

CHANCE = 0.05
"""A score that guessing at the majority's rate reaches with a higher probability is no better than guessing."""


@dataclass(frozen=True)
class Compared:
    """The score of a classifier of the model's output.

    ``twin`` is the score of the same network on raw signals, its training input, if it reads rebuilt ones.
    ``raw`` is the best available for comparison: the twin, the head's own score if it reads raw signals, else a
    judge's.
    """

    score: Score
    twin: Score | None
    raw: Score | None

    @property
    def reader(self) -> Reader:
        """The classifier and its input."""
        return self.score.reader

    @property
    def words(self) -> str:
        """Its name as the start of a sentence."""
        return self.reader.words[:1].upper() + self.reader.words[1:]


def compared(facts: Facts) -> list[Compared]:
    """Scores of the head, if it was ever trained, and of every judge of rebuilt signals."""
    report = facts.evaluation
    if report is None:
        return []
    found = []
    for score in report.scores:
        if score.reader == HEAD and facts.head_has_learned:
            twin = report.score(HEAD_ON_RAW) if _frozen_head(facts) else None
            found.append(Compared(score, twin, twin or _raw_beside_head(facts, report)))
        elif score.reader.reads == "rebuilt":
            twin = report.score(on_raw(score.reader.name))
            found.append(Compared(score, twin, twin))
    return found


def frozen(facts: Facts) -> list[Score]:
    """Scores on raw signals of networks that this run did not change: all judges, and a transferred, frozen head."""
    scores = facts.evaluation.scores if facts.evaluation else []
    return [score for score in scores if score.reader.reads == "raw" and (not score.reader.own or _frozen_head(facts))]


def _frozen_head(facts: Facts) -> bool:
    """Whether the head reads reconstructions and was trained before this run."""
    return facts.head_reads_rebuilt and facts.head_has_learned and not facts.curve.weighed("ce")


def _raw_beside_head(facts: Facts, report: EvalReport) -> Score | None:
    """The head's own score if it reads raw signals, else that of the first judge."""
    if facts.run and facts.run.model.head and facts.run.model.head.needs == "signal":
        return report.head
    return next((score for score in report.scores if score.reader.reads == "raw" and not score.reader.own), None)


def at_majority(score: Score, majority: Majority) -> bool:
    """Whether guessing at the majority's rate reaches this ``score`` as well: P(X ≥ correct) > .05.

    X is binomial over the windows; its tail is the incomplete beta function, exact for any number of windows.
    """
    if majority.correct == majority.total:
        return False
    chance: float = bdtrc(score.correct - 1, score.total, majority.accuracy)
    return chance > CHANCE
