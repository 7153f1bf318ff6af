"""Hours of a recording by what was done: bouts, seconds of each day, and the main activity of every minute."""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zoo.applied.predict import NO_CLASS, Predicted
from zoo.recordings.survey import Survey

UNSURE, UNWORN = -2, -3
"""States of a window beside the index of its class; `NO_CLASS` is that of a model without a head."""
DAY, MINUTE = 86_400, 60
_EARLY = 1e-6
"""Seconds by which a window may precede its stretch: rounding of times."""


class Run(NamedTuple):
    """Windows of one ``state`` without a gap, in seconds after the start of the recording."""

    state: int
    start: float
    end: float


class Timeline:
    """Collects the windows of one recording in the order of time; a window stands for ``each`` seconds.

    ``runs`` are finished ones from first to last. By the device's clock, ``seconds`` are those of each state by day,
    and ``minutes`` has the state with most seconds of every minute. Days and minutes are counted from the midnight
    before the recording, which starts ``offset`` seconds after it. Of ``compared`` windows, ``outside (f)`` differ from
    the training data.
    """

    def __init__(self, survey: Survey, each: float, unsure: float) -> None:
        self.runs: list[Run] = []
        self.seconds: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
        self.minutes: dict[int, int] = {}
        self.unsure, self.windows, self.compared = 0, 0, 0
        self.outside = np.zeros(1)
        self._each, self._least = each, unsure
        start = survey.about.start
        self.offset = (start - start.replace(hour=0, minute=0, second=0, microsecond=0)).total_seconds()
        self._stretches = np.array([stretch.start for stretch in survey.stretches]) - _EARLY
        self._open: Run | None = None
        self._place = -1
        self._minute, self._parts = -1, defaultdict[int, float](float)
        self._moved: dict[int, tuple[float, int]] = {}

    def add(self, found: Predicted) -> None:
        """The next windows."""
        states = states_of(found, self._least)
        places = np.searchsorted(self._stretches, found.starts, side="right")
        for start, state, place in zip(found.starts.tolist(), states.tolist(), places.tolist(), strict=True):
            self._extend(Run(state, start, start + self._each), place)
        self.windows += len(states)
        self.unsure += int((states == UNSURE).sum())
        if found.outside is not None:
            self.outside = self.outside + found.outside[found.worn].sum(0)
            self.compared += int(found.worn.sum())
        if found.movement is not None:
            known = np.isfinite(found.movement)
            minutes = (self.offset + found.starts[known]) // MINUTE
            for minute, value in zip(minutes.astype(int).tolist(), found.movement[known].tolist(), strict=True):
                total, count = self._moved.get(minute, (0.0, 0))
                self._moved[minute] = total + value, count + 1

    def finish(self) -> None:
        """After the last window."""
        self._close()
        self._count(-1, NO_CLASS, 0.0)

    @property
    def movement(self) -> dict[int, float]:
        """Mean ENMO in mg of the windows that start in each minute."""
        return {minute: total / count for minute, (total, count) in self._moved.items()}

    def _extend(self, window: Run, place: int) -> None:
        before = self._open
        # A clock that runs slow leaves a little time between windows, and overlapping ones share some.
        if before is not None and place == self._place and window.start < before.end + self._each / 2:
            self._open = before._replace(end=window.start)
            if before.state == window.state:
                self._open = before._replace(end=window.end)
                return
        self._close()
        self._open, self._place = window, place

    def _close(self) -> None:
        if self._open is None:
            return
        self.runs.append(self._open)
        state, start, end = self._open
        for day, seconds in divided(self.offset + start, self.offset + end, DAY):
            self.seconds[day][state] += seconds
        for minute, seconds in divided(self.offset + start, self.offset + end, MINUTE):
            self._count(minute, state, seconds)
        self._open = None

    def _count(self, minute: int, state: int, seconds: float) -> None:
        if minute != self._minute:
            if self._parts:
                self.minutes[self._minute] = max(self._parts, key=self._parts.__getitem__)
            self._minute, self._parts = minute, defaultdict(float)
        self._parts[state] += seconds


def states_of(found: Predicted, unsure: float) -> NDArray[np.int64]:
    """The state of every window: its class, or why it has none."""
    low = np.where(found.probability < unsure, UNSURE, found.label)
    return np.where(found.worn, low, UNWORN)


def divided(start: float, end: float, length: int) -> Iterator[tuple[int, float]]:
    """The parts of an interval in each period of ``length`` seconds: its number, and seconds in it."""
    number = int(start // length)
    while start < end:
        until = min(end, (number + 1) * length)
        yield number, until - start
        start, number = until, number + 1


def recorded_by_day(survey: Survey, offset: float) -> dict[int, float]:
    """Seconds of samples on each day that has any, in order; a day starts at midnight, ``offset`` before the first."""
    found: dict[int, float] = defaultdict(float)
    for start, end, _ in survey.stretches:
        for day, seconds in divided(offset + start, offset + end, DAY):
            found[day] += seconds
    return dict(found)
