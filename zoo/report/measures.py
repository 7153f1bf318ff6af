"""The measures by which runs are compared, and whether higher or lower is better."""

from collections.abc import Sequence
from typing import NamedTuple

from pydantic import BaseModel

from zoo.codebook.report import CodebookReport
from zoo.evaluation.report import EvalReport
from zoo.evaluation.score import Reader
from zoo.runs.folder import RunFolder


class Judgement(NamedTuple):
    """Results of a run: ``codebook`` is None if it was not measured or the model has none."""

    name: str
    folder: RunFolder
    report: EvalReport
    codebook: CodebookReport | None


class Measure(BaseModel, frozen=True):
    """One measure of several runs, in their order; None for a run without it.

    ``higher``: whether higher is better. If the measure is an accuracy, ``correct`` counts windows of ``total``.
    """

    name: str
    higher: bool
    values: tuple[float | None, ...]
    correct: tuple[int | None, ...] | None = None
    total: tuple[int | None, ...] | None = None

    @property
    def best(self) -> float | None:
        """The best value; None if all are equal."""
        known = [value for value in self.values if value is not None]
        if len(set(known)) < 2:
            return None
        return max(known) if self.higher else min(known)


def measures(runs: Sequence[Judgement]) -> list[Measure]:
    """Every measure that at least one of ``runs`` has, accuracies first."""
    readers = dict.fromkeys(score.reader for run in runs for score in run.report.scores)
    rebuilt = [run.report.reconstruction[-1] if run.report.reconstruction else None for run in runs]
    fits = [run.report.shape_fit for run in runs]
    books = [run.codebook for run in runs]
    found = [
        *(_accuracy(reader, runs) for reader in readers),
        _measure("MSE", [part.mse if part else None for part in rebuilt], higher=False),
        _measure("R²", [part.r2 if part else None for part in rebuilt]),
        _measure("spectral distance", [part.spectral if part else None for part in rebuilt], higher=False),
        _measure("shape fit", [fit.correlation if fit else None for fit in fits]),
        _measure("codebook score", [book.score if book else None for book in books]),
        _measure("share of codes used", [_used(run) for run in runs]),
    ]
    return [measure for measure in found if any(value is not None for value in measure.values)]


def _accuracy(reader: Reader, runs: Sequence[Judgement]) -> Measure:
    scores = [run.report.score(reader) for run in runs]
    return Measure(
        name=f"accuracy, {reader.label}",
        higher=True,
        values=tuple(score.accuracy if score else None for score in scores),
        correct=tuple(score.correct if score else None for score in scores),
        total=tuple(score.total if score else None for score in scores),
    )


def _measure(name: str, values: Sequence[float | None], higher: bool = True) -> Measure:
    return Measure(name=name, higher=higher, values=tuple(values))


def _used(run: Judgement) -> float | None:
    """Share of codes used over all books."""
    books = run.report.codebook
    return sum(book.used for book in books) / sum(book.codes for book in books) if books else None
