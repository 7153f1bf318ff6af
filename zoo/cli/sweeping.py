"""A sweep in the terminal: a line per worker while it runs, a table at its end."""

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text
from zoo_registry.escaping import for_terminal

from zoo.cli.tables import print_table, print_title
from zoo.process.lines import print_line
from zoo.runs.metrics import MetricsFile
from zoo.sweep.folder import SweepFolder
from zoo.sweep.point import Point
from zoo.sweep.queue import NUMBER, POINT, Queue, running
from zoo.sweep.results import PointResult, SweepResult


class Progress:
    """Shows the progress of a sweep and of every worker until the block ends; shows nothing if ``quiet``."""

    def __init__(self, quiet: bool) -> None:
        self._live = None if quiet else Live(console=Console(stderr=True), transient=True, auto_refresh=False)
        self._start = time.monotonic()
        self._before: int | None = None

    def __enter__(self) -> "Progress":
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def __call__(self, queue: Queue, folder: SweepFolder) -> None:
        """Update the display."""
        if self._live is not None:
            self._live.update(self._drawn(queue, folder), refresh=True)

    def _drawn(self, queue: Queue, folder: SweepFolder) -> Group:
        total, done = queue.plan.total, sum(map(queue.over, queue.counted().values()))
        self._before = done if self._before is None else self._before
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        for worker, trial in running(queue):
            table.add_row(*(Text(for_terminal(cell)) for cell in _line(worker, trial.user_attrs, queue, folder)))
        return Group(Text(f"{queue.plan.spec.name}: {done} of {total} points finished{self._left(done, total)}"), table)

    def _left(self, done: int, total: int) -> str:
        """Estimated time left at the present pace."""
        new = done - (self._before or 0)
        if not new:
            return ""
        left = (time.monotonic() - self._start) / new * (total - done)
        return f", about {left / 60:.0f} min left" if left >= 60 else ", about a minute left"


def _line(worker: str, facts: dict[str, Any], queue: Queue, folder: SweepFolder) -> Sequence[str]:
    if POINT not in facts:
        return worker, f"{facts[NUMBER]:03}", "", ""
    point, seed, number = Point.model_validate(facts[POINT]), facts.get("seed"), int(facts[NUMBER])
    name = f"{number:03}", point.label
    if seed is None:
        return worker, *name, ""
    rows = MetricsFile(folder.runs / point.folder(number, seed) / "metrics.csv").rows()
    return worker, *name, f"seed {seed}, epoch {len(rows)}"


def print_sweep(found: SweepResult) -> None:
    """Print every point, the unbeaten ones first, then notes on them."""
    done = found.done
    print_title(f"{found.name}: {len(done)} of {found.total} points, validation split")
    rows = [_row(point, found) for point in done]
    columns = ["point", *found.axes, *found.objectives, "seconds", ""]
    if rows:
        print_table(columns, rows, numbers=[*found.objectives, "seconds"], grey=[not point.front for point in done])
    for point in found.points:
        if point.reason:
            print_line(f"{point.state} {point.code} {point.label}: {point.reason}")
    if found.count("waiting") + found.count("running"):
        print_line(f"{found.count('waiting')} points wait, {found.count('running')} run; continue with --resume")
    for note in found.notes:
        print_line(note)


def _row(point: PointResult, found: SweepResult) -> tuple[str, ...]:
    best = [name for name, number in found.best.items() if number == point.number]
    rank = f"best {', '.join(best)}" if best else "unbeaten" if point.front and len(found.objectives) > 1 else ""
    values = (point.values[name].text for name in found.objectives)
    settings = (point.settings.get(name, "") for name in found.axes)
    return point.code, *settings, *values, f"{point.seconds:.0f}", rank
