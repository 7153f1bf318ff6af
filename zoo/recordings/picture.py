"""A whole recording as a picture: acceleration, movement and temperature over time."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib import dates
from matplotlib.axes import Axes
from numpy.typing import NDArray
from zoo_registry.suggest import listed

from zoo.plotting.drawing import SMALL, TEXT, new_figure, plain, tidy
from zoo.plotting.palette import INK, RULE, SERIES, SOFT
from zoo.plotting.picture import Picture
from zoo.recordings.epochs import Epochs
from zoo.recordings.sources import Source

Values = NDArray[np.float64]
Clock = NDArray[np.datetime64]

_MOST = 1500
"""Points along a line; a screen has no more."""
_AXES = 3
"""Axes that are drawn."""
_WIDTH, _PANEL = 8.5, 1.5


def recording_picture(source: Source) -> Picture:
    """Mean and range of the first three axes, their deviations within epochs, and the temperature if it is known.

    Gaps are white, unworn time is grey.
    """
    epochs = source.epochs
    if len(epochs) > _MOST:
        epochs = epochs.joined(-(-len(epochs) // _MOST))
    temperature = epochs.side.get("temperature")
    figure = new_figure(_WIDTH, _PANEL * (2 if temperature is None else 3) + 0.7)
    axes = figure.subplots(2 if temperature is None else 3, 1, sharex=True)
    clock = _clock(source, epochs.start + epochs.seconds / 2)
    for first, last in source.unworn:
        for axis in axes:
            axis.axvspan(*_clock(source, np.array([first, last])), color=RULE, linewidth=0, zorder=0)
    for index, name in enumerate(epochs.axes[:_AXES]):
        _axis(axes, clock, epochs, index, plain(name))
    units = source.survey.about.units
    tidy(axes[0], y="mean and range" + (f" ({units})" if units else ""))
    tidy(axes[1], y=f"deviation in {epochs.seconds:g} s")
    if temperature is not None:
        _draw(axes[2], clock, temperature, _runs(epochs), INK)
        tidy(axes[2], y=f"temperature ({source.survey.about.side['temperature']})")
    axes[0].legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=_AXES, frameon=False, fontsize=SMALL)
    axes[0].set_title(plain(_title(source)), fontsize=TEXT + 0.5, loc="left")
    locator = dates.AutoDateLocator(maxticks=8)  # type: ignore[no-untyped-call]
    axes[-1].xaxis.set_major_locator(locator)
    axes[-1].xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes[-1].xaxis.get_offset_text().set(fontsize=SMALL, color=SOFT)
    figure.align_ylabels(axes)
    gaps = len(source.survey.stretches) - 1
    alt = f"{_title(source)}: {listed(list(epochs.axes[:_AXES]))} over time, {gaps} gaps, "
    return Picture("recording", source.name, f"{alt}{len(source.unworn)} times not worn.", figure)


def _axis(axes: Sequence[Axes], clock: Clock, epochs: Epochs, index: int, name: str) -> None:
    """One axis of the sensor: its mean over its range, and below its deviation."""
    runs, colour = _runs(epochs), SERIES[index]
    low, high = epochs.low[:, index], epochs.high[:, index]
    for rows in runs:
        axes[0].fill_between(clock[rows], low[rows], high[rows], color=colour, alpha=0.15, linewidth=0)
    _draw(axes[0], clock, epochs.mean[:, index], runs, colour, name)
    _draw(axes[1], clock, epochs.sd[:, index], runs, colour)


def _draw(
    axis: Axes, clock: Clock, values: Values, runs: Sequence[slice], colour: str, name: str | None = None
) -> None:
    """A line that is interrupted where there are no samples."""
    for rows in runs:
        axis.plot(clock[rows], values[rows], color=colour, linewidth=0.9, label=name)
        name = None


def _runs(epochs: Epochs) -> list[slice]:
    """Rows of consecutive epochs."""
    ends = np.flatnonzero(np.diff(epochs.start) > 1.5 * epochs.seconds) + 1
    return [slice(int(first), int(last)) for first, last in pairwise([0, *ends, len(epochs)])]


def _clock(source: Source, seconds: Values) -> Clock:
    return np.datetime64(source.survey.about.start, "ms") + np.round(1000 * seconds).astype("timedelta64[ms]")


def _title(source: Source) -> str:
    span = source.survey.span
    return f"{source.name}, {span.start:%Y-%m-%d %H:%M} to {span.end:%Y-%m-%d %H:%M}"
