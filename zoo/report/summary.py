"""The key numbers at the top of a report, and the headline."""

from typing import NamedTuple

from zoo.codebook.report import CodebookReport
from zoo.evaluation.report import EvalReport
from zoo.evaluation.score import Score


class Tile(NamedTuple):
    """A number with its name and its baseline."""

    name: str
    value: str
    beside: str


def headline(report: EvalReport) -> str:
    """How many windows are still recognised after rebuilding, in a sentence with the majority class."""
    chance = f"always predicting {report.majority.name} gets {report.majority.correct}"
    judges = report.judged()
    if judges:
        raw, rebuilt = judges[0]
        words = f"Judge {rebuilt.reader.name} recognises {rebuilt.correct} of {rebuilt.total} rebuilt windows"
        return f"{words} and {raw.correct} raw windows; {chance}."
    if report.head is not None:
        return f"The model recognises {report.head.correct} of {report.head.total} windows; {chance}."
    if report.reconstruction:
        return f"The model rebuilds {report.windows} windows with R² {_r2(report)}; no classifier evaluates them."
    return f"Nothing was measured on {report.windows} windows."


def tiles(report: EvalReport, codebook: CodebookReport | None) -> list[Tile]:
    """Accuracies, fit, score and use of codes, each with its baseline."""
    majority = Tile("majority class", f"{report.majority.accuracy:.3f}", f"always {report.majority.name}")
    found = [majority] if report.labelled else []
    for judge in report.judged():
        found += map(_tile, judge)
    if report.head is not None:
        found.append(_tile(report.head))
    if report.reconstruction:
        found.append(Tile("R² of rebuilt signals", _r2(report), f"MSE {report.reconstruction[-1].mse:.3g}"))
    fit = report.shape_fit
    if fit is not None and fit.correlation is not None:
        scale = "" if fit.scale is None else f"; amplitude ratio {fit.scale:.2f}"
        found.append(Tile("shape fit", f"{fit.correlation:.2f}", f"correlation with stretches{scale}"))
    if codebook:
        worst = min(codebook.parts, key=lambda name: codebook.parts[name])
        beside = f"of 1; weakest part {worst} {codebook.parts[worst]:.2f}"
        found.append(Tile("codebook score", f"{codebook.score:.2f}", beside))
    if report.codebook and len(report.codebook) == 1:
        book = report.codebook[0]
        found.append(Tile("codes used", f"{book.used}/{book.codes}", f"perplexity {book.perplexity:.1f}"))
    return found


def _tile(score: Score) -> Tile:
    return Tile(score.reader.words, f"{score.accuracy:.3f}", f"{score.correct} of {score.total} windows")


def _r2(report: EvalReport) -> str:
    r2 = report.reconstruction[-1].r2 if report.reconstruction else None
    return "–" if r2 is None else f"{r2:.3f}"
