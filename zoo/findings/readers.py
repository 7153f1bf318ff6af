"""Readers: classifiers of a model's output, and how well the same network classifies raw signals."""

from dataclasses import dataclass
from math import sqrt

from scipy.special import bdtrc

from zoo.evaluation.report import ClassReport, EvalReport, Majority
from zoo.findings.facts import Facts

CHANCE = 0.05
"""A score that guessing at the majority's rate reaches with a higher probability is no better than guessing."""
SURE = 2.0
"""Standard deviations above which a difference of counts is clear."""
REBUILT, RAW = " on rebuilt", " on raw"


@dataclass(frozen=True)
class Reader:
    """A classifier of the model's output, with its scores.

    ``twin`` are the scores of the same network on raw signals, its training input, if it reads rebuilt ones.
    ``raw`` are the best available for comparison: the twin's, the head's own if it reads raw signals, else a judge's.
    """

    name: str
    scores: ClassReport
    twin: ClassReport | None
    raw: ClassReport | None

    @property
    def words(self) -> str:
        """Its name in a sentence."""
        name = self.name.removesuffix(REBUILT)
        return f"judge {name}, on rebuilt signals," if self.name.endswith(REBUILT) else "the head"


def readers(facts: Facts) -> list[Reader]:
    """The head, if it was ever trained, and every judge of rebuilt signals."""
    if facts.evaluation is None:
        return []
    every = facts.evaluation.classifiers
    found = []
    for name, scores in every.items():
        if name == "head" and facts.head_has_learned:
            twin = every.get(f"head{RAW}") if "head" in frozen(facts) else None
            found.append(Reader(name, scores, twin, twin or _raw_beside_head(facts, facts.evaluation)))
        elif name.endswith(REBUILT):
            twin = every.get(name.removesuffix(REBUILT) + RAW)
            found.append(Reader(name, scores, twin, twin))
    return found


def frozen(facts: Facts) -> list[str]:
    """Networks trained on raw signals that this run did not change: all judges, and a transferred, frozen head."""
    every = facts.evaluation.classifiers if facts.evaluation else {}
    judges = [name.removesuffix(RAW) for name in every if name.endswith(RAW) and name != f"head{RAW}"]
    head = facts.head_reads_rebuilt and facts.head_has_learned and not facts.curve.weighed("ce")
    return [*(["head"] if head else []), *judges]


def _raw_beside_head(facts: Facts, report: EvalReport) -> ClassReport | None:
    """The head's own scores if it reads raw signals, else those of the first judge."""
    if facts.run and facts.run.model.head and facts.run.model.head.needs == "signal":
        return report.classifiers["head"]
    judges = (scores for name, scores in report.classifiers.items() if name.endswith(RAW) and name != f"head{RAW}")
    return next(judges, None)


def at_majority(scores: ClassReport, majority: Majority) -> bool:
    """Whether guessing at the majority's rate reaches these ``scores`` as well: P(X ≥ correct) > .05.

    X is binomial over the windows; its tail is the incomplete beta function, exact for any number of windows.
    """
    if majority.correct == majority.total:
        return False
    chance: float = bdtrc(scores.correct - 1, scores.total, majority.accuracy)
    return chance > CHANCE


def stands_out(more: int, less: int, total: int) -> bool:
    """Whether ``more`` of ``total`` windows exceeds ``less`` by two standard deviations of the difference.

    Both counts are taken as binomial, with at least one miss and one hit.
    """
    shares = [min(max(count, 1), max(total - 1, 1)) / total for count in (more, less)]
    variance = sum(total * share * (1 - share) for share in shares)
    return more - less > SURE * sqrt(variance)


def capital(text: str) -> str:
    """``text`` as the start of a sentence."""
    return text[:1].upper() + text[1:]
