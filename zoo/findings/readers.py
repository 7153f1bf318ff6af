"""Who reads what a model makes of signals, and how well the same network reads the raw ones."""

from dataclasses import dataclass
from math import sqrt

from scipy.special import bdtrc

from zoo.evaluation.report import ClassReport, EvalReport, Majority
from zoo.findings.facts import Facts

CHANCE = 0.05
"""A score that guessing at the majority's rate reaches in more than one split of twenty is no better than it."""
SURE = 2.0
"""Standard deviations by which a difference of counts must stand out."""
REBUILT, RAW = " on rebuilt", " on raw"


@dataclass(frozen=True)
class Reader:
    """A classifier of what the model gives, with its scores.

    ``twin`` are the scores of the same network on the raw signals it was trained on, where it reads rebuilt ones.
    ``raw`` are the best to hold beside: the twin's, the head's own where it reads raw signals, else a judge's.
    """

    name: str
    scores: ClassReport
    twin: ClassReport | None
    raw: ClassReport | None

    @property
    def words(self) -> str:
        """What to call it in a sentence."""
        name = self.name.removesuffix(REBUILT)
        return f"judge {name}, on rebuilt signals," if self.name.endswith(REBUILT) else "the head"


def readers(facts: Facts) -> list[Reader]:
    """The head, where it was trained at all, and every judge of rebuilt signals."""
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
    """Networks trained on raw signals that this run did not change: all judges, and a head taken over as it was."""
    every = facts.evaluation.classifiers if facts.evaluation else {}
    judges = [name.removesuffix(RAW) for name in every if name.endswith(RAW) and name != f"head{RAW}"]
    head = facts.head_reads_rebuilt and facts.head_has_learned and not facts.curve.weighed("ce")
    return [*(["head"] if head else []), *judges]


def _raw_beside_head(facts: Facts, report: EvalReport) -> ClassReport | None:
    """The head's own scores where it reads raw signals, else those of the first judge."""
    if facts.run and facts.run.model.head and facts.run.model.head.needs == "signal":
        return report.classifiers["head"]
    judges = (scores for name, scores in report.classifiers.items() if name.endswith(RAW) and name != f"head{RAW}")
    return next(judges, None)


def at_majority(scores: ClassReport, majority: Majority) -> bool:
    """Whether ``scores`` are what guessing right at the majority's rate gives as well: P(X ≥ correct) > .05.

    X is binomial over the windows; the tail is the incomplete beta function, exact for any split.
    """
    if majority.correct == majority.total:
        return False
    chance: float = bdtrc(scores.correct - 1, scores.total, majority.accuracy)
    return chance > CHANCE


def stands_out(more: int, less: int, total: int) -> bool:
    """Whether ``more`` of ``total`` windows is clearly above ``less``: by two standard deviations of the difference.

    Those of two binomial counts; at least one window counts as a miss and one as a hit.
    """
    shares = [min(max(count, 1), max(total - 1, 1)) / total for count in (more, less)]
    variance = sum(total * share * (1 - share) for share in shares)
    return more - less > SURE * sqrt(variance)


def capital(text: str) -> str:
    """``text`` as the start of a sentence."""
    return text[:1].upper() + text[1:]
