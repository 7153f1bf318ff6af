"""`zoo report` and `zoo compare`: a page on one run or several runs, and two runs compared in the terminal."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from zoo_registry import SpecError

from zoo.cli.components import Json
from zoo.cli.findings import print_findings
from zoo.cli.lasting import lasting
from zoo.cli.runs import require_run
from zoo.cli.tables import print_json, print_table, print_title
from zoo.cli.training import Moved
from zoo.process.lines import print_line

if TYPE_CHECKING:
    from zoo.report.comparison import ClassPair, Comparison
    from zoo.report.measures import Measure


def report(
    runs: Annotated[list[Path], typer.Argument(help="Folders of trained runs.", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the page that compares several runs. Default: `comparison` next to the first run."
        ),
    ] = None,
    moved: Moved = None,
) -> None:
    """Write report.html into the folder of each run, verdict first, and a page that compares several runs.

    Missing evaluations and measurements are made first.
    """
    if out is not None and len(runs) == 1:
        raise SpecError("--out", "several runs", "one, whose page is in its own folder", "omit --out")
    folders = [require_run(path) for path in runs]
    with lasting():
        from zoo.report.evidence import gather
        from zoo.report.run_report import write_report
        from zoo.report.runs_report import write_comparison
        from zoo.runs.folder import RunFolder

        found = [gather(folder, moved or ()) for folder in folders]
    for evidence in found:
        write_report(evidence)
        print_line(str(evidence.folder.page))
    if len(runs) > 1:
        together = RunFolder(out or runs[0].parent / "comparison")
        findings = write_comparison(found, together)
        print_line(str(together.page))
        print_findings(findings)


def compare(
    first: Annotated[Path, typer.Argument(help="Folder of a trained run.", show_default=False)],
    second: Annotated[Path, typer.Argument(help="Folder of another.", show_default=False)],
    other_data: Annotated[bool, typer.Option("--other-data", help="Compare even if the data differ.")] = False,
    moved: Moved = None,
    json: Json = False,
) -> None:
    """Show which of two runs is better, by how many windows, and in which fields their specs differ."""
    for run in (first, second):
        require_run(run)
    from zoo.report.comparison import compare as compare_runs

    found = compare_runs(first, second, other_data, moved or ())
    if json:
        print_json(found.model_dump(mode="json"))
        return
    _print_comparison(found)


def _print_comparison(found: "Comparison") -> None:
    a, b = found.runs
    print_title("Spec")
    if found.spec:
        rows = [(row.field, *(_value(value) for value in row.values)) for row in found.spec]
        print_table(["field", a, b], rows)
    else:
        print_line("identical except for the name")
    print_title("Measures, test split" if found.same_data else "Measures, test splits of different data")
    rows = [(m.name, *(_score(m, index) for index in (0, 1)), _difference(m)) for m in found.measures]
    columns = ["measure", a, b, "second − first"]
    print_table(columns, rows, numbers=columns[1:])
    if found.classes is not None and found.classifier is not None:
        print_title(f"Correct windows per class, {found.classifier.words}")
        columns = ["class", "windows", a, b, "second − first"]
        print_table(columns, [_class(row) for row in found.classes], numbers=columns[1:])
    print_line()
    print_line(found.verdict)
    print_findings(found.findings)


def _value(value: object) -> str:
    from zoo.report.page import plain_value

    return "–" if value is None else plain_value(value)


def _score(measure: "Measure", index: int) -> str:
    value = measure.values[index]
    if value is None:
        return ""
    if measure.correct is None or measure.total is None:
        return f"{value:.4g}"
    return f"{measure.correct[index]}/{measure.total[index]} {value:.3f}"


def _difference(measure: "Measure") -> str:
    first, second = measure.values
    return "" if first is None or second is None else f"{second - first:+.4g}"


def _class(row: "ClassPair") -> tuple[str, ...]:
    first, second = row.found
    return row.name, str(row.windows), str(first), str(second), f"{second - first:+d}"
