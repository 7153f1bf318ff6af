"""Students of several runs by their teachers: a table and bars over the size of the teachers."""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import ceil, floor
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes

from zoo.plotting.drawing import SMALL, new_figure, plain, tidy
from zoo.plotting.palette import INK, ON_SERIES, RULE, SERIES
from zoo.plotting.picture import Picture
from zoo.report.evidence import Evidence
from zoo.runs.compare import Spread, spread

_BAR, _GAP, _LETTER, _HANDLE = 0.28, 0.35, 0.058, 0.4
"""Widths in inches: of a bar, between groups of bars, of a letter of the legend, and of a sign in it."""
_LEAST_WIDTH, _HEIGHT = 4.6, 3.2


class Lesson(NamedTuple):
    """Students that were taught alike, and differ in no more than the seed: accuracies of the same test windows.

    ``lesson`` names their teachers and how they were taught; ``capacity`` is the size of all teachers, or one size per
    teacher. Students without teachers have no ``capacity``.
    """

    lesson: str
    capacity: str
    teachers: int
    parameters: int
    accuracies: tuple[float, ...]

    @property
    def spread(self) -> Spread:
        """Mean and deviation of the accuracies."""
        return spread(self.accuracies)


def lessons(runs: Sequence[Evidence]) -> list[Lesson]:
    """Runs with a classifier by lesson and by size of the teachers, fewest teachers and smallest sizes first.

    Empty unless a run has teachers. What all of these share is not part of the names. Runs without teachers belong to
    it if they have the model of one with teachers.
    """
    taught = [run for run in runs if run.teachers and run.report.head is not None]
    models = [run.run.model for run in taught]
    students = [run for run in runs if run.report.head is not None and run.run.model in models]
    how = {run.folder.path: list(_how(run)) for run in students}
    counts = Counter(part for run in taught for part in how[run.folder.path])
    shared = {part for part, count in counts.items() if count == len(taught)}
    found: dict[tuple[str, str], list[Evidence]] = {}
    for run in students:
        parts = [part for part in how[run.folder.path] if part not in shared]
        names = " + ".join(run.teachers) if run.teachers else "alone"
        found.setdefault((", ".join([names, *parts]), _capacity(run)), []).append(run)
    return sorted((_lesson(*key, group) for key, group in found.items()), key=lambda of: (of.teachers, of.parameters))


def _how(run: Evidence) -> Iterator[str]:
    """How the student learned, in words."""
    if run.run.model.head is not None:
        yield f"student {run.run.model.head.capacity}"
    if run.run.transfer:
        yield "annealed" if run.teachers else "trained again"
    yield from (str(part.kind).partition(".")[2] for part in run.run.distill if part.maps)
    if run.run.weigh is not None and run.run.weigh.evidence:
        yield f"{str(run.run.weigh.kind).partition('.')[2].replace('_', ' ')} weights"
    if any(teacher.logits == "out-of-fold" for teacher in run.run.teachers.values()):
        yield "out-of-fold"


def _capacity(run: Evidence) -> str:
    sizes = [record.capacity for record in run.teachers.values()]
    return sizes[0] if len(set(sizes)) == 1 else ", ".join(sizes)


def _lesson(lesson: str, capacity: str, group: Sequence[Evidence]) -> Lesson:
    records = group[0].teachers.values()
    accuracies = tuple(run.report.head.accuracy for run in group if run.report.head is not None)
    return Lesson(lesson, capacity, len(records), sum(record.parameters or 0 for record in records), accuracies)


def lessons_picture(found: Sequence[Lesson]) -> Picture:
    """Bars of mean accuracy by lesson, grouped by the size of the teachers, with a dot per student.

    Students without teachers are horizontal lines. The axis is cut to the data, and its label says so.
    """
    taught = sorted((of for of in found if of.teachers), key=lambda of: of.parameters)
    alone = [of for of in found if not of.teachers]
    names = list(dict.fromkeys(of.lesson for of in found if of.teachers))
    groups = list(dict.fromkeys(of.capacity for of in taught))
    group = len(names) * _BAR + _GAP
    legend = sum(len(of) * _LETTER + _HANDLE for of in [*names, *(of.lesson for of in alone)])
    figure = new_figure(max(_LEAST_WIDTH, legend, len(groups) * group + 0.9), _HEIGHT)
    axis = figure.subplots()
    low, high = _cut([value for of in found for value in of.accuracies])
    for of, line in zip(alone, itertools.cycle(("--", ":", "-."))):
        axis.axhline(of.spread.mean, color=INK, linewidth=1.0, linestyle=line, label=plain(of.lesson))
    for index, name in enumerate(names):
        bars = {groups.index(of.capacity): of for of in taught if of.lesson == name}
        offset = (index - (len(names) - 1) / 2) * _BAR / group
        _bars(axis, name, {place + offset: of for place, of in bars.items()}, _BAR / group, index)
    tidy(axis, x="size of the teachers", y=f"accuracy (axis starts at {low:.2f})")
    axis.set_xticks(range(len(groups)), [plain(name) for name in groups])
    axis.set(xlim=(-0.5, len(groups) - 0.5), ylim=(low, high))
    axis.grid(axis="y", color=RULE, linewidth=0.6)
    axis.set_axisbelow(True)
    figure.legend(
        loc="outside upper left", ncols=len(names) + len(alone), frameon=False, fontsize=SMALL, handlelength=1.4,
        columnspacing=1.2,
    )  # fmt: skip
    best = max(found, key=lambda of: of.spread.mean)
    alt = f"Mean accuracies of {len(found)} kinds of students by the size of their teachers, {low:.2f} to {high:.2f}"
    size = f" with teachers of size {best.capacity}" if best.teachers else ""
    return Picture("teachers", "Accuracy by teachers and their size", f"{alt}; best: {best.lesson}{size}.", figure)


def _bars(axis: Axes, name: str, bars: Mapping[float, Lesson], width: float, index: int) -> None:
    """One lesson at every place, with whiskers of a standard deviation on both sides and the single students."""
    colour, hatch = SERIES[index % len(SERIES)], "///" * (index >= len(SERIES))
    means = [of.spread.mean for of in bars.values()]
    axis.bar(
        [*bars], means, 0.9 * width, color=colour, hatch=hatch, edgecolor=ON_SERIES, linewidth=0, label=plain(name)
    )
    for place, of in bars.items():
        if of.spread.deviation is None:
            continue
        axis.errorbar(place, of.spread.mean, of.spread.deviation, color=INK, linewidth=0.9, capsize=2)
        beside = np.linspace(-0.2, 0.2, len(of.accuracies)) * width
        axis.scatter(place + beside, of.accuracies, s=7, color=ON_SERIES, edgecolors=INK, linewidths=0.6, zorder=3)


def _cut(values: Sequence[float]) -> tuple[float, float]:
    """Limits of the axis in whole hundredths; the lowest bar keeps a quarter of the range as its height."""
    low, high = min(values), max(values)
    margin = max(0.25 * (high - low), 0.01)
    return max(0.0, floor(100 * (low - margin)) / 100), min(1.0, ceil(100 * (high + 0.4 * margin)) / 100)
