"""Pictures of a sweep: objectives against each other, and each objective over every axis."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from zoo_registry.suggest import listed

from zoo.plotting.drawing import SMALL, new_figure, plain, tidy
from zoo.plotting.palette import INK, MUTED, RULE, SERIES, SOFT
from zoo.plotting.picture import Picture
from zoo.sweep.results import PointResult, SweepResult

_NAMES = {"codebook": "codebook score", "mse": "mean squared error"}
_WIDE_RANGE = 8
"""Ratio of numbers from which their axis is logarithmic."""
_MOST_TICKS = 6
"""Most numbers that each get a tick."""
_MOST_LEVELS = 12
"""Words under an axis."""


def pictures(result: SweepResult) -> list[Picture]:
    """All pictures of the points that are done."""
    drawn = (pareto(result), varied(result))
    return [picture for picture in drawn if picture is not None]


def pareto(result: SweepResult) -> Picture | None:
    """The first objective over each other one, beaten points grey; None with one objective or without points."""
    first, *others = result.objectives
    points = result.done
    if not others or not points:
        return None
    figure = new_figure(max(3.9 * len(others), 4.4), 3.3)
    for axis, other in zip(figure.subplots(1, len(others), squeeze=False)[0], others, strict=True):
        for point in reversed(points):  # the unbeaten ones on top
            _dot(axis, point, other, first)
        _number(axis, [point for point in points if point.front], other, first)
        tidy(axis, x=_label(other, result), y=_label(first, result))
        axis.margins(0.14, 0.16)
        _grid(axis)
    front = listed([f"{p.code} ({p.label})" for p in points if p.front])
    alt = f"{len(points)} points by {listed(list(map(_name, result.objectives)))}; Pareto-optimal: {front}."
    return Picture("sweep-pareto", "Pareto-optimal points", alt, figure)


def _dot(axis: Axes, point: PointResult, x: str, y: str) -> None:
    across, up = point.values[x], point.values[y]
    color = SERIES[0] if point.front else MUTED
    axis.errorbar(
        across.mean, up.mean, xerr=across.deviation, yerr=up.deviation, fmt="o", markersize=5.5, color=color,
        elinewidth=0.5, zorder=3 if point.front else 2,
    )  # fmt: skip


def _number(axis: Axes, front: Sequence[PointResult], x: str, y: str) -> None:
    """The number of each point beside it."""
    for point in front:
        axis.annotate(
            point.code, (point.values[x].mean, point.values[y].mean), xytext=(5, 4),
            textcoords="offset points", fontsize=SMALL, color=INK,
        )  # fmt: skip


def varied(result: SweepResult) -> Picture | None:
    """Every objective over every axis: in colour with the other axes fixed at the best point, all others grey."""
    points = result.done
    axes = [name for name in result.axes if len({p.settings[name] for p in points if name in p.settings}) > 1]
    best = result.lead
    if not axes or best is None:
        return None
    figure = new_figure(max(2.7 * len(axes), 4.4), 2.1 * len(result.objectives) + 0.3)
    panels = figure.subplots(len(result.objectives), len(axes), squeeze=False, sharex="col", sharey="row")
    for axis in panels.flat:
        tidy(axis)  # before any axis becomes logarithmic, as the panels of a column share it
        _grid(axis)
    for row, objective in zip(panels, result.objectives, strict=True):
        for axis, name in zip(row, axes, strict=True):
            _panel(axis, points, best, name, objective)
    for row, objective in zip(panels, result.objectives, strict=True):
        row[0].set_ylabel(plain(_label(objective, result).replace(", ", "\n")), fontsize=SMALL + 1, color=SOFT)
    for axis, name in zip(panels[-1], axes, strict=True):
        axis.set_xlabel(plain(name), fontsize=SMALL + 1, color=SOFT)
    fixed = ", ".join(f"{name} {label}" for name, label in best.settings.items())
    names = listed(list(map(_name, result.objectives)))
    alt = f"{names} over {listed(axes)}, one field varied and the others fixed at {fixed}."
    return Picture("sweep-varied", "One field varied, the others fixed at the best point", alt, figure)


def _panel(axis: Axes, points: Sequence[PointResult], best: PointResult, name: str, objective: str) -> None:
    places, words = _places(points, name)
    lines: dict[tuple[tuple[str, str], ...], list[PointResult]] = {}
    for point in points:
        lines.setdefault(_rest(point, name), []).append(point)
    for rest, line in lines.items():
        chosen = rest == _rest(best, name)
        _line(axis, sorted(line, key=lambda p: places[p.settings[name]]), places, name, objective, chosen)
    numbers = list(places.values())
    if words:
        axis.set_xticks(numbers, words, rotation=30 if max(map(len, words)) > 5 else 0, ha="center")
        axis.set_xlim(min(numbers) - 0.4, max(numbers) + 0.4)
        return
    if min(numbers) > 0 and max(numbers) / min(numbers) >= _WIDE_RANGE:
        axis.set_xscale("log")
    if len(numbers) <= _MOST_TICKS:
        axis.set_xticks(numbers, list(places))
        axis.set_xticks([], minor=True)


def _line(
    axis: Axes, line: list[PointResult], places: dict[str, float], name: str, objective: str, chosen: bool
) -> None:
    x = [places[point.settings[name]] for point in line]
    y = [point.values[objective].mean for point in line]
    deviations = [point.values[objective].deviation or 0.0 for point in line]
    if chosen:
        axis.errorbar(x, y, yerr=deviations if any(deviations) else None, fmt="o-", markersize=4.5, linewidth=1.6,
                      color=SERIES[0], elinewidth=0.9, zorder=3)  # fmt: skip
    else:
        axis.plot(x, y, "o-", markersize=2.5, linewidth=0.8, color=MUTED, zorder=2)


def _places(points: Sequence[PointResult], name: str) -> tuple[dict[str, float], list[str]]:
    """The position of each level, and tick labels if levels are not numbers."""
    levels = {point.settings[name]: point.numbers.get(name) for point in points}
    if all(number is not None for number in levels.values()):
        return {label: float(number) for label, number in levels.items() if number is not None}, []
    order = sorted(levels, key=lambda label: (levels[label] is not None, levels[label] or 0.0))
    return {label: float(index) for index, label in enumerate(order)}, [_cut(label) for label in order[:_MOST_LEVELS]]


def _rest(point: PointResult, name: str) -> tuple[tuple[str, str], ...]:
    return tuple((other, label) for other, label in point.settings.items() if other != name)


def _cut(label: str) -> str:
    return plain(label if len(label) <= 16 else f"{label[:15]}…")


def _name(objective: str) -> str:
    return _NAMES.get(objective, objective if objective == "accuracy" else f"accuracy of {objective}")


def _label(objective: str, result: SweepResult) -> str:
    return f"{_name(objective)}, {'higher' if result.objectives[objective] else 'lower'} is better"


def _grid(axis: Axes) -> None:
    axis.grid(color=RULE, linewidth=0.6)
    axis.set_axisbelow(True)
