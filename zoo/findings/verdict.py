"""The verdict on a run: a headline, the findings, and the results that hold."""

from collections.abc import Sequence

from pydantic import BaseModel

from zoo.evaluation.report import EvalReport
from zoo.findings.facts import Facts
from zoo.findings.finding import Finding
from zoo.findings.readers import REBUILT, Reader, frozen, readers
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
    parts = {"the curve": facts.curve.epochs, "the scores": facts.evaluation, "the codebook": facts.codebook}
    known = [name for name, part in parts.items() if part]
    return f"Nothing wrong found in {', '.join(known)}." if known else "Nothing is known of this run yet."


def _holds(facts: Facts) -> tuple[str, ...]:
    """Sentences with the results that hold, classification first."""
    report = facts.evaluation
    found = [] if report is None else [_reads(reader, facts, report) for reader in _different(readers(facts))]
    if report is not None and report.reconstruction and (r2 := report.reconstruction[-1].r2) is not None:
        found.append(f"R² of the reconstruction about each window's own mean is {r2:.3f}.")
    for usage in facts.usages:
        found.append(f"{usage.used} of {usage.codes} codes ({usage.book}) are used, perplexity {usage.perplexity:.1f}.")
    if facts.codebook is not None:
        found.append(f"The codebook scores {facts.codebook.score:.2f} of 1.")
    return tuple(found)


def _different(found: list[Reader]) -> list[Reader]:
    """Readers without those that repeat an earlier one: a judge may be the same network as the head."""
    return [one for i, one in enumerate(found) if all(one.scores != other.scores for other in found[:i])]


def _reads(reader: Reader, facts: Facts, report: EvalReport) -> str:
    name = reader.name.removesuffix(REBUILT)
    kind = "head" if name == "head" else f"judge {name}"
    rebuilt = reader.name.endswith(REBUILT) or facts.head_reads_rebuilt
    still = "frozen " if name in frozen(facts) else ""
    raw = "" if reader.twin is None else f", {reader.twin.correct} raw"
    best = f" ({UPPER_BOUND})" if report.protocol == "paper" else ""
    return (
        f"The {still}{kind} reads {reader.scores.correct} of {reader.scores.total} {'rebuilt ' * rebuilt}windows "
        f"right{raw}; majority {report.majority.correct}{best}."
    )
