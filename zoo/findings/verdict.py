"""The verdict on a run: a headline, the findings, and the results that hold."""

from collections.abc import Sequence

from pydantic import BaseModel
from zoo_registry.suggest import listed

from zoo.evaluation.report import EvalReport
from zoo.findings.facts import Facts
from zoo.findings.finding import Finding
from zoo.findings.readers import Compared, compared, frozen
from zoo.runs.protocol import UPPER_BOUND


class Verdict(BaseModel, frozen=True):
    """``headline`` is the gravest finding and the first result that holds; ``findings`` and ``holds`` list all."""

    headline: str
    findings: tuple[Finding, ...]
    holds: tuple[str, ...]


def verdict(findings: Sequence[Finding], facts: Facts) -> Verdict:
    """The verdict for ``findings``, the gravest first."""
    holds = _holds(facts)
    opening = findings[0].sentence if findings else _healthy(facts)
    return Verdict(headline=" ".join([opening, *holds[:1]]), findings=tuple(findings), holds=holds)


def _healthy(facts: Facts) -> str:
    parts = {"the training curve": facts.curve.epochs, "the scores": facts.evaluation, "the codebook": facts.codebook}
    known = [name for name, part in parts.items() if part]
    return f"Nothing wrong found in {listed(known)}." if known else "Nothing has been measured on this run yet."


def _holds(facts: Facts) -> tuple[str, ...]:
    """Sentences with the results that hold, classification first."""
    report = facts.evaluation
    found = [] if report is None else [_reads(found, facts, report) for found in _different(compared(facts))]
    if report is not None and report.reconstruction and (r2 := report.reconstruction[-1].r2) is not None:
        found.append(f"R² of the reconstruction about each window's own mean is {r2:.3f}.")
    for usage in facts.usages:
        found.append(f"{usage.used} of {usage.codes} codes ({usage.book}) are used, perplexity {usage.perplexity:.1f}.")
    if facts.codebook is not None:
        found.append(f"The codebook scores {facts.codebook.score:.2f} of 1.")
    return tuple(found)


def _different(every: list[Compared]) -> list[Compared]:
    """Scores without those that repeat an earlier one: a judge may be the same network as the head."""
    numbers = [found.score.model_dump(exclude={"reader"}) for found in every]
    return [found for i, found in enumerate(every) if numbers[i] not in numbers[:i]]


def _reads(found: Compared, facts: Facts, report: EvalReport) -> str:
    reader = found.reader
    still = "frozen " * any(score.reader.name == reader.name for score in frozen(facts))
    kind = "head" if reader.own else f"judge {reader.name}"
    rebuilt = reader.reads == "rebuilt" or facts.head_reads_rebuilt
    raw = "" if found.twin is None else f"raw: {found.twin.correct}; "
    best = f"; {UPPER_BOUND}" if report.protocol == "paper" else ""
    return (
        f"The {still}{kind} classifies {found.score.correct} of {found.score.total} {'rebuilt ' * rebuilt}windows "
        f"correctly ({raw}majority class: {report.majority.correct}{best})."
    )
