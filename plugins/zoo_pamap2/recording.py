"""A recording of PAMAP2: 40 channels and an activity per sample."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
from zoo_registry import About, Block, DataError, Recording

from zoo_pamap2.line import ACTIVITY, AXES, AXIS_COLUMNS, CLASSES, RATE, TIME
from zoo_pamap2.rows import EXPECTED, HINT, LINES, last_known, read_rows

_EPOCH = datetime(2000, 1, 1)
_FACTS = {
    "clock": f"none; {_EPOCH} stands for the time stamp 0",
    "units": "heart rate beats/min, temperature °C, acc16 and acc6 m/s², gyro rad/s, mag μT",
}
_GAP = 1.5
"""Samples from one line to the next that are a gap."""
_SUBJECT = re.compile(r"subject\d+", re.IGNORECASE)


class Pamap2Recording(Recording):
    """Samples of the file ``path`` in blocks of at most ``lines`` lines; the first time stamp is its start.

    Raises DataError for a file without a sound line.
    """

    def __init__(self, path: Path, lines: int = LINES) -> None:
        self._lines = lines
        self._first = _first_time(path)
        subject = _SUBJECT.search(path.name)
        about = About(
            start=_EPOCH + timedelta(seconds=self._first),
            rate=RATE,
            axes=AXES,
            units=None,
            side={"activity": "number"},
            subject=subject[0] if subject else None,
            facts=_FACTS,
            activities=CLASSES,
        )
        super().__init__(path, about)

    def blocks(self) -> Iterator[Block]:
        """All samples. The heart rate is the last one measured, NaN before the first; other channels are as written."""
        last, heart_rate = -np.inf, np.nan
        for values, notes in read_rows(self.path, self._lines):
            time, x, activity = values[:, TIME], values[:, AXIS_COLUMNS].T, values[:, ACTIVITY]
            x[0] = last_known(x[0], heart_rate)
            breaks = np.flatnonzero(np.diff(time, prepend=last) > _GAP / RATE)
            for first, end in pairwise([0, *breaks[breaks > 0].tolist(), len(time)]):
                rows = slice(first, end)
                yield Block(
                    time[rows] - self._first,
                    x[:, rows],
                    {"activity": activity[rows]},
                    continues=first not in breaks,
                    notes=notes if not first else (),
                )
            if len(time):
                last, heart_rate = time[-1], x[0, -1]


def _first_time(path: Path) -> float:
    for values, _ in read_rows(path, 1):
        if len(values):
            return float(values[0, TIME])
    raise DataError(str(path), EXPECTED, "no line of 54 numbers", HINT)
