"""`zoo codebook`: is the codebook of a run good, and does the model need it?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from zoo.cli.components import Json
from zoo.cli.findings import print_verdict
from zoo.cli.named_codes import print_actions
from zoo.cli.runs import require_run
from zoo.cli.tables import print_facts, print_json, print_table, print_title
from zoo.cli.training import Moved
from zoo.process.lines import print_line

if TYPE_CHECKING:
    from zoo.codebook.report import BookReport, CodebookReport
    from zoo.evaluation.report import ShapeScore

_MOST = 8


def codebook(
    run: Annotated[Path, typer.Argument(help="Folder of a trained run.", show_default=False)],
    split: Annotated[Literal["test", "validation"], typer.Option(help="Split to measure on.")] = "test",
    beside: Annotated[
        list[Path] | None, typer.Option(help="Folder of another run whose shapes are matched; repeatable.")
    ] = None,
    moved: Moved = None,
    json: Json = False,
) -> None:
    """Measure the codebook of a run: distinct shapes, classes, bypass, one score; writes codebook.json and figures."""
    folder, _ = require_run(run), [require_run(other) for other in beside or ()]
    from zoo.codebook.measure_run import measure_run
    from zoo.evaluation.loaded_run import open_run

    report = measure_run(open_run(folder, moved or ()), split, beside or (), moved or ()).report
    if json:
        print_json(report.model_dump(mode="json"))
        return
    _print_report(report)
    if split == "test":
        print_verdict(run)
    print_line()
    print_line(f"measures in {folder.codebook(split)}, figures in {folder.figures}")


def _print_report(report: "CodebookReport") -> None:
    """Print the score with its parts, the ablations, the books, the codes, and what codes say."""
    print_title(f"Codebook, {report.split} split of {report.windows} windows, {report.tokens} tokens")
    parts = ", ".join(f"{name} {part:.3f}" for name, part in report.parts.items())
    print_facts([("score", f"{report.score:.3f}, the geometric mean of {parts}"), *_facts(report)])
    _print_ablations(report)
    _print_books(report)
    for book in report.books:
        _print_codes(book)
    print_actions(report)


def _facts(report: "CodebookReport") -> list[tuple[str, str]]:
    probe, bypass, faith, stable = report.probe, report.bypass, report.faithfulness, report.stability
    found = []
    if probe.majority < probe.total:
        words = f"{probe.correct}/{probe.total} correct from histograms of codes; majority class {probe.majority}"
        found.append(("probe", words))
    if bypass:
        nearest = "" if bypass.nearest is None else f", nearest other {bypass.nearest:.4g}"
        others = f"shuffled {bypass.shuffled:.4g}, averaged {bypass.averaged:.4g}{nearest}"
        found.append(("MSE", f"{bypass.mse:.4g}; with codes {others}; for each window's mean {bypass.mean_mse:.4g}"))
        found.append(("reliance", f"{bypass.reliance:.3f} of the gain over the mean is lost when codes are shuffled"))
    if report.fit:
        found.append(("fit", _fit(report.fit)))
    if faith:
        areas = f"deletion {faith.deletion:.3f}, insertion {faith.insertion:.3f}, random order {faith.random:.3f}"
        found.append(
            ("faithful", f"{areas}: areas under the accuracy of {faith.classifier.words} on {faith.windows} windows")
        )
    if stable:
        matches = ", ".join(f"{match:.3f} {run}" for run, match in zip(stable.runs, stable.matches, strict=True))
        found.append(("stability", f"{stable.mean:.3f}: {matches}"))
    return found


def _fit(fit: "ShapeScore") -> str:
    flat = f"; {1 - fit.shaped / max(fit.tokens, 1):.1%} of {fit.tokens} tokens are flat and excluded"
    measures = (("correlation", fit.correlation), ("R²", fit.r2), ("scale", fit.scale))
    return ", ".join(f"{name} {value:.3f}" for name, value in measures if value is not None) + flat


def _print_ablations(report: "CodebookReport") -> None:
    """Print how much reconstruction and recognition remain when part of the tokens' content is removed."""
    if report.bypass is None or not report.bypass.ablations:
        return
    readers = list(report.bypass.ablations[0].correct)
    print_title(f"Which part of a token carries the {'activity' if readers else 'signal'}?")
    rows = [
        (
            found.name,
            "" if found.mse is None else f"{found.mse:.4g}",
            "" if found.lost is None else f"{found.lost:.3f}",
            *(f"{found.correct[reader]}/{report.windows}" for reader in readers),
        )
        for found in report.bypass.ablations
        if readers or found.mse is not None
    ]
    columns = ["tokens", "MSE", "lost", *readers]
    print_table(columns, rows, numbers=columns[1:])


def _print_books(report: "CodebookReport") -> None:
    print_title("Books")
    columns = ["book", "used", "perplexity", "effective", "distinct", "DTW", "straight", "bits", "of", "purity"]
    rows = [
        (
            book.usage.book,
            f"{book.usage.used}/{book.usage.codes}",
            f"{book.usage.perplexity:.1f}",
            *_shapes(book),
            *(f"{value:.3f}" for value in (book.information, book.class_entropy, book.purity)),
        )
        for book in report.books
    ]
    print_table(columns, rows, numbers=columns[1:])


def _shapes(book: "BookReport") -> tuple[str, ...]:
    found = book.shapes
    if found is None:
        return ("not measured", "", "", "")
    dtw = "" if found.dtw is None else f"{found.dtw:.3f}"
    return f"{found.effective:.1f}", f"{found.distinctness:.3f}", dtw, f"{found.flat}/{found.measured}"


def _print_codes(book: "BookReport") -> None:
    print_title(f"Most used codes, {book.usage.book}")
    columns = ["code", "tokens", "share", "start", "length", "line R²", "fit", "bits", "classes"]
    rows = [
        (
            str(code.code),
            str(code.count),
            f"{code.share:.3f}",
            *(_number(value) for value in (code.start, code.length, code.flatness)),
            _number(code.fit.correlation if code.fit else None),
            _number(code.information),
            ", ".join(f"{found.name} {found.share:.0%}" for found in code.classes),
        )
        for code in book.codes[:_MOST]
    ]
    print_table(columns, rows, numbers=columns[:-1])
    if book.shapes and book.shapes.pairs:
        first = book.shapes.duplicates[0]
        pair = f"{first.codes[0]} and {first.codes[1]} (correlation {first.correlation:.3f})"
        print_line(f"{book.shapes.pairs} pairs of codes draw nearly the same shape; the most used pair: {pair}")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
