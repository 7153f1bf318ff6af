"""A picture of the days of a recording: movement, and below it what was done in every minute."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import groupby
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from zoo_registry.suggest import listed, shortened

from zoo.applied.predict import NO_CLASS
from zoo.applied.summary import Timed
from zoo.applied.timeline import DAY, MINUTE, UNSURE, UNWORN, recorded_by_day
from zoo.plotting.drawing import SMALL, TEXT, new_figure, plain, tidy
from zoo.plotting.palette import INK, MUTED, ON_SERIES, RULE, SERIES, SOFT
from zoo.plotting.picture import Picture

_HOURS = 24
_WIDTH, _MOVEMENT, _LANE, _BETWEEN = 9.0, 0.45, 0.16, 0.45
"""Width of the picture, and heights of the panel of movement, of the lane of a class, and around a day, in inches."""
_MEASURED = "#f3f4f6"
_LONGEST = 24
"""Characters of a name."""
_HATCHES = ("", "/////", "\\\\\\\\\\", "xxxxx", ".....", "-----")
_MOST = 28
"""Days that are drawn; a picture of more could not be opened."""
_HIGH = 99
"""Percentile of movement at the top of its panel."""


class _Lane(NamedTuple):
    """Where a state is drawn: its name, its colour and its hatch."""

    state: int
    name: str
    colour: str
    hatch: str


def day_picture(timed: Timed, classes: Sequence[str], name: str) -> Picture:
    """A row per day with samples, 0 to 24 h by the device's clock; each class has a lane, so that no colour is needed.

    Unworn time is grey and gaps are white. Above are the minutes' means of ENMO, where the axes are three in g.
    """
    source, timeline = timed
    lanes = _lanes(set(timeline.minutes.values()), classes)
    recorded = list(recorded_by_day(source.survey, timeline.offset))
    days = recorded[:_MOST]
    movement = timeline.movement
    moves = bool(movement)
    heights = [height for _ in days for height in ([_MOVEMENT] * moves + [_LANE * max(len(lanes), 1)])]
    figure = new_figure(_WIDTH, sum(heights) + _BETWEEN * len(days) + 0.6)
    figure.set_layout_engine("constrained", w_pad=0.12)  # names of classes are wider than it expects
    axes = figure.subplots(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0]
    high = float(np.percentile(list(movement.values()), _HIGH)) if moves else 0.0
    for number, day in enumerate(days):
        date = source.survey.about.start.date() + timedelta(days=day)
        panels = axes[number * (1 + moves) : (number + 1) * (1 + moves)]
        if moves:
            _draw_movement(panels[0], movement, day, high)
            _draw_ground(panels[0], timed, day)
        _draw_states(panels[-1], timed, day, lanes)
        tidy(panels[-1], x=_below(len(recorded) - len(days)) if day == days[-1] else "")
        _set_ticks(panels[-1], lanes)
        panels[0].set_title(f"{date:%A, %Y-%m-%d}", fontsize=TEXT + 0.5, loc="left")
    shown = [Patch(facecolor=MUTED, label="not worn"), Patch(facecolor="none", edgecolor=RULE, label="gap")]
    figure.legend(handles=shown, loc="outside lower right", ncols=2, fontsize=SMALL, frameon=False, labelcolor=SOFT)
    return Picture(name, f"Days of {source.name}", _alt(timed, lanes, days), figure)


def _lanes(states: set[int], classes: Sequence[str]) -> list[_Lane]:
    """A lane for each class that occurs, in the order of the classes, and one for unsure windows."""
    found = [
        _Lane(state, classes[state], SERIES[state % len(SERIES)], _HATCHES[state // len(SERIES) % len(_HATCHES)])
        for state in sorted(states)
        if state >= 0
    ]
    return found + [_Lane(UNSURE, "unsure", SOFT, "")] * (UNSURE in states)


def _below(left_out: int) -> str:
    return "hour of the day" + (f"; {left_out} more days are not drawn" if left_out else "")


def _draw_movement(axis: Axes, movement: Mapping[int, float], day: int, high: float) -> None:
    minutes = range(day * DAY // MINUTE, (day + 1) * DAY // MINUTE)
    values = [movement.get(minute, np.nan) for minute in minutes]
    axis.fill_between(np.arange(len(values)) / 60, values, color=INK, linewidth=0, step="post")
    tidy(axis, y="ENMO\n(mg)", ticks=2)
    axis.set(xlim=(0, _HOURS), ylim=(0, max(high, 1)), xticks=[])


def _draw_states(axis: Axes, timed: Timed, day: int, lanes: Sequence[_Lane]) -> None:
    _draw_ground(axis, timed, day)
    for row, lane in enumerate(lanes):
        bars, place = list(_bars(timed, day, lane.state)), (row - 0.4, 0.8)
        axis.broken_barh(bars, place, facecolor=lane.colour, hatch=lane.hatch, edgecolor=ON_SERIES, linewidth=0)
        axis.broken_barh(bars, place, facecolor="none", edgecolor=lane.colour, linewidth=0.6)  # a minute alone is seen
    axis.set(xlim=(0, _HOURS), ylim=(max(len(lanes), 1) - 0.5, -0.5))


def _draw_ground(axis: Axes, timed: Timed, day: int) -> None:
    """Light where there are samples, white in gaps, grey where the device was not worn."""
    offset = timed.timeline.offset - day * DAY
    for start, end in _parts(timed):
        first, last = max(0.0, offset + start), min(float(DAY), offset + end)
        if last > first:
            axis.axvspan(first / 3600, last / 3600, color=_MEASURED, linewidth=0, zorder=-2)
    for start, length in _bars(timed, day, UNWORN):
        axis.axvspan(start, start + length, color=MUTED, linewidth=0, zorder=-1)


def _parts(timed: Timed) -> list[tuple[float, float]]:
    """Start and end of the parts between gaps of a minute or more; shorter ones would not be seen."""
    found: list[tuple[float, float]] = []
    for start, end, _ in timed.source.survey.stretches:
        first = found.pop()[0] if found and start < found[-1][1] + MINUTE else start
        found.append((first, end))
    return found


def _bars(timed: Timed, day: int, state: int) -> Iterator[tuple[float, float]]:
    """Start and length in hours of consecutive minutes of one state."""
    first = day * DAY // MINUTE
    states = [timed.timeline.minutes.get(first + minute, NO_CLASS) for minute in range(DAY // MINUTE)]
    start = 0
    for here, same in groupby(states):
        length = len(list(same))
        if here == state:
            yield start / 60, length / 60
        start += length


def _set_ticks(axis: Axes, lanes: Sequence[_Lane]) -> None:
    axis.set_xticks(range(0, _HOURS + 1, 3))
    axis.set_yticks(range(len(lanes)), [plain(shortened(lane.name, _LONGEST)) for lane in lanes], fontsize=SMALL)


def _alt(timed: Timed, lanes: Sequence[_Lane], days: Sequence[int]) -> str:
    first = timed.source.survey.about.start.date()
    span = f"{len(days)} days from {first}" if len(days) > 1 else str(first)
    return f"{timed.source.name}, {span}: minutes of {listed([lane.name for lane in lanes])}, with movement above."
