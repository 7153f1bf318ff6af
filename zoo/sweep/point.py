"""Points of a sweep: a level for every axis; the points of a grid, and of a finer grid around one point."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from pydantic import BaseModel, JsonValue
from zoo_registry import SpecError
from zoo_registry.sweep import MOST_POINTS, RefineSpec, SweepSpec

from zoo.specs.differences import first_difference
from zoo.sweep.axis import Axis, Level, label_of

AS_IT_IS = "as it is"


class Point(BaseModel, frozen=True):
    """A level for every axis, by the axis' name."""

    levels: dict[str, Level]

    @property
    def settings(self) -> dict[str, JsonValue]:
        """The value of every path that the point sets."""
        return {path: value for level in self.levels.values() for path, value in level.settings.items()}

    @property
    def label(self) -> str:
        """The point in words: `z 3, s 10`."""
        return ", ".join(f"{name} {level.label}" for name, level in self.levels.items())

    def folder(self, number: int, seed: int) -> str:
        """The name of its run with a seed: `004-z-3-s-10-seed0`."""
        words = re.sub(r"[^A-Za-z0-9.]+", "-", self.label).strip("-.")[:40].rstrip("-.")
        return f"{number:03}-{words}-seed{seed}"


def points_of(spec: SweepSpec, axes: Sequence[Axis], base: Mapping[str, Any]) -> list[Point]:
    """Every point of the first grid, or of varying one axis at a time.

    ``base`` is the complete run that is varied. Raises SpecError for more than 10,000 points.
    """
    if spec.method == "one_at_a_time":
        return list(_one_at_a_time(axes, base))
    total = math.prod(len(axis.levels) for axis in axes)
    if total > MOST_POINTS:
        hint = "vary less, or set method to search"
        raise SpecError("vary", f"at most {MOST_POINTS} points", f"a grid of {total}", hint)
    return [
        Point(levels=dict(zip((axis.name for axis in axes), levels, strict=True)))
        for levels in product(*(axis.levels for axis in axes))
    ]


def refined(spec: SweepSpec, axes: Sequence[Axis], best: Point) -> list[Point]:
    """The finer grid around ``best``: new numbers for every numeric axis, the other axes unchanged."""
    if spec.refine is None:
        return []
    finer = {axis.name: _finer(axis, best.levels[axis.name], spec.refine) for axis in axes}
    if spec.method == "one_at_a_time":
        return [
            Point(levels=best.levels | {name: level})
            for name, levels in finer.items()
            for level in levels
            if level != best.levels[name]
        ]
    if all(levels == [best.levels[name]] for name, levels in finer.items()):
        return []
    return [Point(levels=dict(zip(finer, levels, strict=True))) for levels in product(*finer.values())]


def most_refined(spec: SweepSpec, axes: Sequence[Axis]) -> int:
    """Largest number of points of a finer grid."""
    if spec.refine is None:
        return 0
    numbers = [axis for axis in axes if axis.numeric and len(axis.levels) > 1]
    if spec.method == "one_at_a_time":
        return spec.refine.points * len(numbers)
    return int(spec.refine.points ** len(numbers))


def edges(axes: Sequence[Axis], numbers: Mapping[str, float]) -> list[str]:
    """Axes of at least three numbers whose first or last is in ``numbers``: better values may lie outside."""
    found = []
    for axis in axes:
        levels = [level.number for level in axis.levels if level.number is not None]
        if axis.numeric and len(levels) > 2 and numbers.get(axis.name) in (min(levels), max(levels)):
            found.append(axis.name)
    return found


def _finer(axis: Axis, best: Level, refine: RefineSpec) -> list[Level]:
    if not axis.numeric or best.number is None or len(axis.levels) < 2:
        return [best]
    return axis.between(best.number, refine.points, refine.spacing) or [best]


def _one_at_a_time(axes: Sequence[Axis], base: Mapping[str, Any]) -> Iterator[Point]:
    """The unchanged run, then every other level of each axis with the other axes unchanged."""
    start = {axis.name: _standing(axis, base) for axis in axes}
    yield Point(levels=start)
    for axis in axes:
        for level in axis.levels:
            if level.label != start[axis.name].label:
                yield Point(levels=start | {axis.name: level})


def _standing(axis: Axis, base: Mapping[str, Any]) -> Level:
    """The level of the unchanged run: one of the axis, or else a level with the value at its path."""
    for level in axis.levels:
        if all(_same(value_at(base, path), value) for path, value in level.settings.items()):
            return level
    value = value_at(base, axis.paths[0])
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    return Level(label=AS_IT_IS if value is None else label_of(value), settings={}, number=number)


def value_at(data: Any, path: str) -> Any:
    """The value at a path of plain data; None if there is none."""
    for name in path.split("."):
        if isinstance(data, Mapping):
            data = data.get(name)
        elif isinstance(data, list) and name.isdecimal() and int(name) < len(data):
            data = data[int(name)]
        else:
            return None
    return data


def _same(stored: Any, wanted: Any) -> bool:
    """Whether ``wanted``, which may omit fields with defaults, equals the complete ``stored``."""
    if isinstance(stored, Mapping) and isinstance(wanted, Mapping):
        return all(first_difference(stored.get(name), value) is None for name, value in wanted.items())
    return bool(stored == wanted)
