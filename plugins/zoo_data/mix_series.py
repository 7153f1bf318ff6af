"""Channels of the windows of several sets, one by one, brought to one length and scale when they are read."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from zoo_registry import DataError

from zoo.sources import Array, LazyWindows, Moments, RawSplit, Rows, crop, interpolate, require_whole, row_blocks

Index = NDArray[np.int32]
Floats = NDArray[np.float32]


class Fit(NamedTuple):
    """Every series gets ``length`` samples: from all of it, or from its middle after resampling by ``ratio``, the new
    rate over the old one."""

    length: int
    ratio: float | None = None

    def __call__(self, x: Floats) -> Floats:
        """`(... t) -> (... length)`; NaN where a sample depends on one that is NaN."""
        samples = self.samples(x.shape[-1])
        found = x if samples == x.shape[-1] else interpolate(x, samples)
        return found if self.ratio is None else crop(found, self.length)

    def samples(self, stored: int) -> int:
        """Samples of a series of ``stored`` samples after resampling, before its middle is taken."""
        return self.length if self.ratio is None else round((stored - 1) * self.ratio) + 1

    def require(self, shortest: int, where: str) -> None:
        """Raise DataError if a series of ``shortest`` samples is too short for the length."""
        if (samples := self.samples(shortest)) < self.length:
            hint = "lower data.source.length, or leave data.source.rate out"
            raise DataError(where, f"{self.length} samples at data.source.rate", f"a series of {samples}", hint)


class Scaling(NamedTuple):
    """What is subtracted from every channel, and what it is then divided by, `(c)` each."""

    mean: Floats
    deviation: Floats


class Part(NamedTuple):
    """The windows of one split of one set, and what is done to them."""

    split: RawSplit
    fit: Fit
    scaling: Scaling

    def read(self, rows: Index, channels: Index) -> Floats:
        """The channel ``channels (b)`` of the window ``rows (b)``, `(b length)`."""
        x, found = self.split.x, np.empty((len(rows), self.fit.length), np.float32)
        if isinstance(x, tuple):
            for at, (row, channel) in enumerate(zip(rows, channels, strict=True)):
                found[at] = self.fit(_floats(x[row][channel]))
        else:
            require_whole(x, self.split.where)
            for part in row_blocks((len(rows), *x.shape[1:])):  # stored series may be much longer than the length
                found[part] = self.fit(_floats(_chosen(x, rows[part], channels[part])))
        mean, deviation = (values[channels, None] for values in self.scaling)
        return (found - mean) / deviation

    def observed(self) -> NDArray[np.bool_]:
        """Which series `(n c)` have an observed sample after the length step."""
        found = np.ones((len(self.split), self.split.channels), np.bool_)
        for first, block in self.split.blocks():
            x = _floats(block)
            for row in np.flatnonzero(np.isnan(x).any((1, 2))):
                found[first + row] = ~np.isnan(self.fit(x[row])).all(-1)
        return found


def scaling_of(split: RawSplit) -> Scaling:
    """Mean and deviation of every channel over ``split``; a constant channel is divided by 1."""
    found = Moments(split.channels)
    for _, block in split.blocks():
        x = _floats(block)
        seen = np.isfinite(x)  # infinite values are refused later, with their place
        found.add(np.where(seen, x, 0), seen)
    deviation = np.where(found.deviation > 0, found.deviation, 1)
    return Scaling(found.mean.astype(np.float32), deviation.astype(np.float32))


def unscaled(channels: int) -> Scaling:
    """Values stay as they are."""
    return Scaling(np.zeros(channels, np.float32), np.ones(channels, np.float32))


class MixedSeries(LazyWindows):
    """Series `(n 1 t)` of ``parts``: channel ``channel (n)`` of window ``row (n)`` of part ``part (n)``."""

    def __init__(self, parts: Sequence[Part], part: Index, row: Index, channel: Index) -> None:
        super().__init__((len(part), 1, parts[0].fit.length))
        self.parts, self.part, self.row, self.channel = parts, part, row, channel

    def take(self, rows: Rows) -> Floats:
        found = np.empty((len(rows), 1, self.shape[2]), np.float32)
        which = self.part[rows]
        for number in np.unique(which):
            at = np.flatnonzero(which == number)
            found[at, 0] = self.parts[number].read(self.row[rows[at]], self.channel[rows[at]])
        return found

    def place(self, index: int) -> str:
        """Location of a series, for messages."""
        return f"{self.parts[self.part[index]].split.place(int(self.row[index]))}, channel {self.channel[index]}"


def _floats(x: Array) -> Floats:
    with np.errstate(over="ignore"):
        return x.astype(np.float32, copy=False)


def _chosen(x: Array | LazyWindows, rows: Index, channels: Index) -> Array:
    """One channel of each window, `(b t)`; of an array, nothing else is read."""
    if isinstance(x, np.ndarray):
        return x[rows, channels]
    found: Array = x.take(rows.astype(np.intp))[np.arange(len(rows)), channels]
    return found
