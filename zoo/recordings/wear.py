"""Wear: a device that lies still for an hour is not worn.

Windows and thresholds: van Hees et al. 2013, PLoS ONE 8: e61691, where standard deviation or range must be small; both
must be, as in the R package GGIR.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zoo.recordings.epochs import Epochs

Span = tuple[float, float]

_MINUTE = 60
_MINUTES = 60
_HOUR = _MINUTE * _MINUTES
_PART = 24 * _MINUTES
"""Minutes that are joined to hours at once: each is in 60 of them, so a week would take 100 MB."""
_STILL = 0.013
_RANGE = 0.05
_AXES = 2


class Wear(NamedTuple):
    """Stretches from start to end, in seconds after the start of the recording.

    ``measured`` are the hours that can be judged: those with 90 % of their samples. The device is worn in what of them
    is not ``unworn``. ``reason`` says in words why nothing can be judged; then both are None.
    """

    unworn: tuple[Span, ...] | None
    measured: tuple[Span, ...] | None
    reason: str | None = None


def find_wear(epochs: Epochs) -> Wear:
    """Find unworn time: all that lies in a still window. Windows of an hour start every minute.

    The seconds of ``epochs`` divide a minute; their axes are acceleration in g.
    """
    if len(epochs.axes) < _AXES:
        return Wear(None, None, f"it needs {_AXES} axes of acceleration, and this recording has {len(epochs.axes)}")
    starts: list[float] = []
    still: list[float] = []
    for hours in _hours(epochs):
        starts += hours.start.tolist()
        still += hours.start[is_still(hours)].tolist()
    if not starts:
        return Wear(None, None, _too_short(epochs))
    end = float(epochs.start[-1]) + epochs.seconds
    return Wear(_spans(still, end), _spans(starts, end))


def hour_windows(parts: Epochs) -> Epochs:
    """Windows of an hour, one from each of ``parts`` that has another at its end; 90 % of their samples are there."""
    hours = parts.joined(round(_HOUR / parts.seconds), step=1)
    ends = np.isin(hours.start, parts.start) & np.isin(hours.start + _HOUR - parts.seconds, parts.start)
    return hours.only(hours.whole & ends)


def _hours(epochs: Epochs) -> Iterator[Epochs]:
    """The windows of every minute, a day at a time."""
    minutes = epochs.joined(round(_MINUTE / epochs.seconds))
    bounds = [-np.inf, *minutes.start[_PART::_PART], np.inf]
    for first, last in pairwise(bounds):
        near = (minutes.start >= first) & (minutes.start < last + _HOUR)
        hours = hour_windows(minutes.only(near))
        yield hours.only(hours.start < last)


def is_still(hours: Epochs) -> NDArray[np.bool_]:
    """Windows `(e)` with a standard deviation under 13 mg and a range under 50 mg on at least two axes."""
    axes = ((hours.sd < _STILL) & (hours.high - hours.low < _RANGE)).sum(axis=1)
    still: NDArray[np.bool_] = axes >= _AXES
    return still


def _too_short(epochs: Epochs) -> str:
    length = float(epochs.start[-1] - epochs.start[0]) + epochs.seconds if len(epochs) else 0.0
    if length < _HOUR:
        return f"it needs an hour of data, and there are {length / 60:.0f} min"
    return "no hour has 90 % of its samples"


def _spans(starts: Iterable[float], end: float) -> tuple[Span, ...]:
    """The union of hours that begin at sorted ``starts``; nothing is after ``end``."""
    found: list[Span] = []
    for start in starts:
        first = found.pop()[0] if found and start <= found[-1][1] else start
        found.append((first, min(start + _HOUR, end)))
    return tuple(found)
