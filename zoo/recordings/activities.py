"""Bouts of a recording that holds its own labels."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from zoo_registry import Block, DataError, Recording

from zoo.recordings.bouts import Bout

_HINT = "name a table of bouts: --labels bouts.csv"


class _Run(NamedTuple):
    """Consecutive samples of one activity, in seconds after the start of the recording."""

    activity: int
    start: float
    end: float


class Activities:
    """Collects the bouts of a recording from its blocks; `survey` can give it every block, so they are read once.

    A bout lasts until the number in the side channel `activity` changes; a gap does not end it.
    """

    def __init__(self, recording: Recording) -> None:
        """Raises DataError for a recording that names no activities."""
        self._path, self._about = recording.path, recording.about
        self._runs: list[_Run] = []
        if not self._about.activities:
            raise DataError(str(self._path), "a recording that holds its own labels", "none", _HINT)

    def __call__(self, block: Block) -> None:
        """Add the samples of ``block``, which comes after all before."""
        numbers, period = block.side["activity"], 1 / self._about.rate
        bounds = np.flatnonzero(np.diff(numbers, prepend=np.nan, append=np.nan))
        for first, last in pairwise(bounds.tolist()):
            self._add(_Run(int(numbers[first]), float(block.time[first]), float(block.time[last - 1]) + period))

    def _add(self, run: _Run) -> None:
        if self._runs:
            before = self._runs.pop()
            if before.activity == run.activity:
                run = run._replace(start=before.start)
            else:
                self._runs.append(before._replace(end=min(before.end, run.start)))
        self._runs.append(run)

    def bouts(self, name: str) -> list[Bout]:
        """The bouts of named activities in order, of the recording ``name``. Raises DataError if there are none."""
        names = self._about.activities
        named = [run for run in self._runs if run.activity in names]
        if not named:
            expected, found = (
                ", ".join(map(str, sorted(some))) for some in (names, {run.activity for run in self._runs})
            )
            raise DataError(str(self._path), f"one of the activities {expected}", f"{found} only", _HINT)
        return [
            Bout(name, run.start, run.end, names[run.activity], self._about.subject, f"{self._path}, bout {number}")
            for number, run in enumerate(named, 1)
        ]
