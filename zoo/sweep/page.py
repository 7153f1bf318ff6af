"""The page of a sweep: its best points, objectives against each other, and their codebooks."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from zoo_registry.version import version

from zoo.io.files import write_text
from zoo.report.page import Section, render, save
from zoo.runs.compare import Spread
from zoo.runs.folder import RunFolder
from zoo.sweep.folder import SweepFolder
from zoo.sweep.pictures import pictures
from zoo.sweep.results import PointResult, SweepResult
from zoo.sweep.thumbnail import HEIGHT, WIDTH, Thumbnail, thumbnail


class Cell(NamedTuple):
    """A value with its deviation over seeds, and whether it is the best."""

    text: str
    best: bool


class Column(NamedTuple):
    """An axis in the table, and whether its levels are words rather than numbers."""

    name: str
    words: bool


class Row(NamedTuple):
    """A point in the table."""

    number: str
    settings: list[str]
    cells: list[Cell]
    seconds: str
    front: bool


class Champion(NamedTuple):
    """The best point by one objective."""

    objective: str
    value: str
    deviation: str
    number: str
    label: str


class Codebook(NamedTuple):
    """A point with the shapes that its first seed learned."""

    number: str
    label: str
    values: str
    drawing: Thumbnail
    front: bool


class Unfinished(NamedTuple):
    """A point without values, and why."""

    number: str
    label: str
    state: str
    reason: str


def write_page(result: SweepResult, folder: SweepFolder) -> None:
    """Write `sweep.html` into the sweep's folder and every figure of it as PNG and SVG into `figures`."""
    write_text(folder.page, render("sweep.html", context(result, folder)))


def context(result: SweepResult, folder: SweepFolder) -> dict[str, Any]:
    """The variables of the template of a sweep."""
    drawn = {picture.name: save(picture, folder.figures) for picture in pictures(result)}
    parts: dict[str, Any] = {
        "rows": [_row(point, result) for point in result.done],
        "varied": drawn.get("sweep-varied"),
        "codebooks": _codebooks(result.done, folder),
        "unfinished": [Unfinished(p.code, p.label, p.state, p.reason) for p in result.points if p.state != "done"],
    }
    return parts | {
        "result": result,
        "sections": list(_sections(parts)),
        "lead": result.lead.code if result.lead else "",
        "headline": headline(result),
        "champions": [_champion(name, result) for name in result.best],
        "pareto": drawn.get("sweep-pareto"),
        "axes": [Column(name, any(name not in point.numbers for point in result.points)) for name in result.axes],
        "cell": {"width": WIDTH, "height": HEIGHT},
        "stored": folder.read()["sweep"],
        "zoo": version(),
    }


def _sections(parts: Mapping[str, Any]) -> Iterator[Section]:
    yield Section("verdict", "Best points")
    names = {
        "rows": "Points",
        "varied": "One field varied",
        "codebooks": "Codebooks",
        "unfinished": "Unfinished points",
    }
    yield from (Section(part, name) for part, name in names.items() if parts[part])
    yield Section("spec", "Sweep")


def headline(result: SweepResult) -> str:
    """Progress of the sweep and number of unbeaten points, in a sentence."""
    done, seeds = len(result.done), len(result.seeds)
    each = f", each with {seeds} seeds" if seeds > 1 else ""
    words = f"{done} of {result.total} points are done{each}"
    front = sum(point.front for point in result.done)
    if done > 1 and not result.best:
        return f"{words}; all have the same values."
    if len(result.objectives) < 2 or not done:
        return f"{words}."
    return f"{words}; {front} {'is' if front == 1 else 'are'} Pareto-optimal."


def _champion(objective: str, result: SweepResult) -> Champion:
    point = result.point(result.best[objective])
    value = point.values[objective]
    deviation = "" if value.deviation is None else f"± {value.deviation:.2g}"
    return Champion(objective, _text(Spread(mean=value.mean, deviation=None)), deviation, point.code, point.label)


def _row(point: PointResult, result: SweepResult) -> Row:
    best = {name for name, winner in result.best.items() if winner == point.number}
    return Row(
        number=point.code,
        settings=[point.settings.get(name, "") for name in result.axes],
        cells=[Cell(_text(point.values[name]), name in best) for name in result.objectives],
        seconds=f"{point.seconds:.0f}",
        front=point.front,
    )


def _text(value: Spread) -> str:
    """The value as text for a page, with a minus sign."""
    return value.text.replace("-", "−")


def _codebooks(points: Sequence[PointResult], folder: SweepFolder) -> list[Codebook]:
    """Codebooks of every point whose runs are in this folder and draw shapes."""
    found = []
    for point in points:
        drawing = thumbnail(RunFolder(folder.runs / point.runs[0].folder)) if point.runs else None
        if drawing is not None:
            values = ", ".join(f"{name} {_text(value)}" for name, value in point.values.items())
            found.append(Codebook(point.code, point.label, values, drawing, point.front))
    return found
