"""Windows of PAMAP2 as published work on teachers and students prepares them, with and without its leaps."""

import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from zoo_registry import DataError, ZooNote

from zoo_pamap2.line import ACTIVITY, AXIS_COLUMNS, CLASSES, HEART_RATE, RATE, TIME
from zoo_pamap2.rows import Values, last_known, read_rows

DECIMATION = 3
LENGTH, STEP = 100, 22
"""Of windows, in samples at a third of the rate: 3 s and .66 s."""
_HIGHEST = 0.99
"""For values above the range; the largest of the range itself is 1."""
# Fixed ranges of the 40 channels: the heart rate, then one line for the temperature and the two accelerometers of a
# place and one for its gyroscope and magnetometer.
_LOW = np.array([
    0,
    0, -114.755, -104.301, -73.0384, -61.1938, -61.8086, -61.4193,
    -27.8044, -17.8495, -14.2647, -103.941, -200.043, -163.608,
    0, -29.0888, -38.1657, -57.2366, -32.9627, -39.7561, -56.0108,
    -10.1563, -5.06858, -3.99487, -70.0627, -122.48, -66.6847,
    0, -155.068, -155.617, -156.179, -60.3067, -61.9064, -62.2629,
    -14.162, -13.0401, -14.0196, -172.865, -137.908, -102.232,
])  # fmt: skip
_HIGH = np.array([
    202,
    35.5, 47.6314, 155.532, 157.76, 45.5484, 62.2598, 61.728,
    21.8452, 13.1222, 14.2184, 137.544, 109.181, 100.543,
    38.5625, 26.386, 153.582, 37.2936, 23.9101, 61.9328, 36.9676,
    15.5171, 5.97964, 2.94183, 80.4739, 39.7391, 95.8415,
    35.4375, 157.232, 157.293, 150.99, 61.9509, 62.0461, 60.9357,
    17.4204, 13.5882, 13.9617, 91.4247, 92.867, 146.651,
])  # fmt: skip


class PublishedWindows(NamedTuple):
    """Windows ``x (n c t)`` in [0, 1] at 33.3 Hz, their class indices ``labels (n)`` in the order of `CLASSES`, and
    their ``starts (n)``, counted in samples of the classes at that rate."""

    starts: NDArray[np.int64]
    labels: NDArray[np.int64]
    x: NDArray[np.float32]


def windows(path: Path, contiguous: bool = True) -> PublishedWindows:
    """The windows of the recording in ``path``: 100 samples every 22 from sample 22 on; first and last label are equal.

    Rows of other activities are removed first, so that a published window may consist of rows before and after them,
    or lie over a gap. ``contiguous`` windows are those of the published ones that have one label and no missing time.
    Damaged lines are left out with a ZooNote. Raises DataError for a file that cannot be read.
    """
    x, labels, time = _samples(path)
    starts = np.arange(STEP, len(labels) - LENGTH, STEP)  # without the last that fits, as published
    last = starts + LENGTH - 1
    kept = labels[starts] == labels[last]
    if contiguous:
        changes = np.cumsum(np.diff(labels, prepend=labels[:1]) != 0)
        late = time[last] - time[starts] - DECIMATION * (LENGTH - 1) / RATE
        kept = (changes[last] == changes[starts]) & (late < 1 / (2 * RATE))
    starts = starts[kept]
    return PublishedWindows(starts, labels[starts], x[starts[:, None] + np.arange(LENGTH)].transpose(0, 2, 1))


def _samples(path: Path) -> tuple[NDArray[np.float32], NDArray[np.int64], Values]:
    """Every third row of the classes: ``x (t c)`` in [0, 1], class indices ``(t)`` and times ``(t)`` in seconds."""
    numbers = np.array(list(CLASSES))
    parts: list[Values] = []
    rows, heart_rate = 0, np.nan
    for values, notes in read_rows(path):
        for note in notes:
            warnings.warn(f"{path}: {note}", ZooNote, stacklevel=3)
        own = values[np.isin(values[:, ACTIVITY], numbers)]
        if len(own):
            own[:, HEART_RATE] = last_known(own[:, HEART_RATE], heart_rate)
            heart_rate = own[-1, HEART_RATE]
            parts.append(own[-rows % DECIMATION :: DECIMATION].copy())
            rows += len(own)
    if not parts:
        raise DataError(str(path), "an activity of the protocol", "none", "name a recording of the folder Protocol")
    found = np.concatenate(parts)
    labels = (found[:, ACTIVITY, None] == numbers).argmax(1)
    return scaled(found[:, AXIS_COLUMNS]).astype(np.float32), labels, found[:, TIME]


def scaled(x: Values) -> Values:
    """Channels ``x (t c)`` by their fixed ranges to [0, 1]; a missing value counts as 0 in the units of the file."""
    y = (np.nan_to_num(x) - _LOW) / (_HIGH - _LOW)
    return np.where(y > 1, _HIGHEST, np.maximum(y, 0))
