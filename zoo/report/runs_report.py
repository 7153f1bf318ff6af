"""The page that shows several runs side by side."""

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

from zoo_registry.version import version

from zoo.findings.finding import Finding
from zoo.io.files import write_text
from zoo.report.comparison import OTHER_DATA
from zoo.report.evidence import Evidence
from zoo.report.lessons import lessons, lessons_picture
from zoo.report.measures import Judgement, Measure, measures
from zoo.report.page import number, render, save, share
from zoo.report.pareto import dominated, pareto_picture, places
from zoo.report.spec_view import spec_view
from zoo.report.text_or_label import text_or_label
from zoo.runs.folder import RunFolder
from zoo.runs.protocol import UPPER_BOUND
from zoo.specs.differences import differences


class Cell(NamedTuple):
    """A number in the table of scores, and whether it is the best."""

    text: str
    best: bool


class RunRow(NamedTuple):
    """A run with the address of its own page and a cell per measure."""

    name: str
    headline: str
    page: str
    seed: int
    dominated: bool
    paper: bool
    cells: list[Cell]


def write_comparison(runs: Sequence[Evidence], out: RunFolder) -> tuple[Finding, ...]:
    """Write `report.html` with the runs side by side into ``out``, and its pictures as PNG and SVG into `figures`.

    Runs on different data are shown and labelled, and none is marked as better. Students with teachers are also
    compared by lesson, their seeds together, and so are runs with text and with controls. Returns what only several
    runs together show.
    """
    judged = [Judgement(e.name, e.folder, e.report, e.codebook.report if e.codebook else None) for e in runs]
    same = len({run.stored["fingerprint"] for run in runs}) == 1
    picture = pareto_picture(judged) if same else None
    found = measures(judged)
    beaten = dominated(places(judged)) if same else [False] * len(runs)
    rows = [_row(run, [_cell(m, index, same) for m in found], beaten[index], out) for index, run in enumerate(runs)]
    taught = lessons(runs) if same else []
    worded = text_or_label(judged) if same else None
    context: dict[str, Any] = {
        "worded": worded,
        "lessons": taught,
        "bars": [save(lessons_picture(taught), out.figures)] if taught else [],
        "names": [run.name for run in runs],
        "columns": [measure.name for measure in found],
        "rows": rows,
        "differences": differences([spec_view(run.stored["run"]) for run in runs], apart=("name",)),
        "other_data": "" if same else OTHER_DATA,
        "upper_bound": UPPER_BOUND,
        "zoo": version(),
        "pictures": [save(picture, out.figures)] if picture else [],
    }
    write_text(out.page, render("comparison.html", context))
    return worded.findings if worded else ()


def _row(run: Evidence, cells: list[Cell], beaten: bool, out: RunFolder) -> RunRow:
    return RunRow(
        name=run.name,
        headline=run.verdict.headline,
        page=os.path.relpath(run.folder.page, out.path).replace(os.sep, "/"),
        seed=int(run.stored["seed"]),
        dominated=beaten,
        paper=run.report.protocol == "paper",
        cells=cells,
    )


def _cell(measure: Measure, index: int, same: bool) -> Cell:
    """The measure of one run; it can be the best only if all runs have the ``same`` data."""
    value = measure.values[index]
    best = same and value is not None and value == measure.best
    if measure.correct is None or measure.total is None:
        return Cell(number(value) if measure.name == "MSE" else share(value), best)
    count = "" if value is None else f" ({measure.correct[index]}/{measure.total[index]})"
    return Cell(share(value) + count, best)
