"""Results of every point of a sweep: its values with their spread over seeds, and the Pareto front."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel
from zoo_registry.escaping import for_csv

from zoo.runs.compare import Spread, beats

State = Literal["done", "running", "waiting", "pruned", "failed"]


class RunResult(BaseModel, frozen=True):
    """One run: the name of its folder, its values by objective on ``windows`` of the validation split.

    ``fingerprint`` is that of the data; ``seconds`` are those of training and judging in the last attempt.
    """

    seed: int
    folder: str
    values: dict[str, float]
    windows: int
    fingerprint: str
    seconds: float


class PointResult(BaseModel, frozen=True):
    """One point of a sweep.

    ``settings`` are the labels of its levels, ``numbers`` those that are numbers; ``finer`` marks a point of the finer
    grid; ``tries`` counts how often it was started; ``reason`` is that of a failure. ``values`` are empty unless it is
    done; ``front`` marks a point that no other beats in every objective.
    """

    number: int
    state: State
    label: str
    settings: dict[str, str]
    numbers: dict[str, float]
    finer: bool
    values: dict[str, Spread]
    runs: list[RunResult]
    tries: int
    worker: str
    reason: str
    front: bool = False

    @property
    def code(self) -> str:
        """Its number as displayed, and as the start of its folders' names."""
        return f"{self.number:03}"

    @property
    def seconds(self) -> float:
        """Total seconds of its runs."""
        return sum(run.seconds for run in self.runs)


class SweepResult(BaseModel, frozen=True):
    """A sweep: its points, best first, and notes that a reader must know.

    ``objectives`` maps each to whether higher is better; ``best`` gives the number of the best point for each in which
    points differ.
    """

    name: str
    fingerprint: str
    storage: str
    total: int
    seeds: list[int]
    objectives: dict[str, bool]
    points: list[PointResult]
    best: dict[str, int]
    notes: list[str]

    @property
    def axes(self) -> list[str]:
        """The names of the axes."""
        return list(dict.fromkeys(name for point in self.points for name in point.settings))

    @property
    def done(self) -> list[PointResult]:
        """Points with values, unbeaten ones first, then the others, each sorted by the first objective."""
        return [point for point in self.points if point.state == "done"]

    @property
    def lead(self) -> PointResult | None:
        """The best point by the first objective in which points differ; None if none is done."""
        if self.best:
            return self.point(next(iter(self.best.values())))
        return next(iter(self.done), None)

    def count(self, state: State) -> int:
        """Number of points in ``state``."""
        return sum(point.state == state for point in self.points)

    def point(self, number: int) -> PointResult:
        """The point of that number."""
        return next(point for point in self.points if point.number == number)


def ranked(points: Sequence[PointResult], objectives: Mapping[str, bool]) -> list[PointResult]:
    """``points`` with the front marked: unbeaten ones first, then the others, then those without values."""
    merits = {point.number: _merits(point, objectives) for point in points if point.state == "done"}
    found = [
        point.model_copy(update={"front": point.number in merits and not _beaten(merits[point.number], merits)})
        for point in points
    ]
    order = {"done": 0, "running": 1, "waiting": 2, "pruned": 3, "failed": 4}

    def rank(point: PointResult) -> tuple[Any, ...]:
        first = merits.get(point.number, (0.0,))[0]
        return order[point.state], not point.front, -first, point.number

    return sorted(found, key=rank)


def _merits(point: PointResult, objectives: Mapping[str, bool]) -> tuple[float, ...]:
    """Its values in the order of ``objectives``, signed so that higher is better."""
    return tuple(point.values[name].mean * (1 if higher else -1) for name, higher in objectives.items())


def _beaten(own: tuple[float, ...], merits: Mapping[int, tuple[float, ...]]) -> bool:
    return any(beats(other, own) for other in merits.values())


def table(result: SweepResult) -> str:
    """Every point as a row of CSV: settings, state, mean and deviation per objective, then its value per seed."""
    each = [f"{name}.{part}" for name in result.objectives for part in ("mean", "deviation")]
    seeds = [f"{name}.seed{seed}" for name in result.objectives for seed in result.seeds]
    columns = ["number", "state", *result.axes, "front", "finer", *each, *seeds, "tries", "seconds", "worker", "reason"]
    file = io.StringIO()
    rows = csv.DictWriter(file, columns, restval="", lineterminator="\n")
    rows.writeheader()
    for point in sorted(result.points, key=lambda point: point.number):
        row = {**_facts(point), **point.settings, **_numbers(point)}
        rows.writerow({name: for_csv(cell) if isinstance(cell, str) else cell for name, cell in row.items()})
    return file.getvalue()


def _facts(point: PointResult) -> dict[str, Any]:
    fields = point.model_dump(include={"number", "state", "finer", "tries", "worker", "reason"})
    return fields | {"front": point.front if point.values else "", "seconds": round(point.seconds, 1) or ""}


def _numbers(point: PointResult) -> dict[str, float | str]:
    found: dict[str, float | str] = {}
    for name, value in point.values.items():
        found[f"{name}.mean"] = value.mean
        found[f"{name}.deviation"] = "" if value.deviation is None else value.deviation
    return found | {f"{name}.seed{run.seed}": value for run in point.runs for name, value in run.values.items()}
