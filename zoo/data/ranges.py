"""Ranges of the windows of a split: their mean, deviation and spectrum, with which other windows are compared."""

from collections.abc import Iterator, Sequence
from itertools import pairwise, product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, model_validator

from zoo.data.split import Split

Values = NDArray[np.float64]
Interval = tuple[float | None, float | None]
"""Lowest and highest value; None where nothing was measured, and then nothing is outside."""

_QUANTILE, _WIDER = 0.01, 0.5
"""Share of windows beyond each end, and how far the ends are then moved, over their distance from the median."""
_LEAST, _MOST = 100, 10_000
"""Windows that a range needs, and those that are measured at most."""
_BANDS, _NARROWEST = 8, 2
"""Bands at most, and the lowest frequencies that a band may end at, in cycles per window."""
_NO_DEVIATION, _NO_SHARE = 1e-12, 1e-8
"""Floors below which logarithms say nothing: samples are stored with seven digits."""
_ROUNDING = 1e-6
_THREE = 3
_SUMS = np.array([signs for signs in product((-1, 0, 1), repeat=_THREE) if signs > (0, 0, 0)], dtype=np.float64)
"""x, y, z, and their sums and differences: gravity may be anywhere on a sphere, of which single axes say little."""


class Measures(NamedTuple):
    """Measures of each window, NaN where there are none.

    ``mean (w m)`` are those of channels and, if channels come in threes, of their sums and differences.
    ``deviation (w c)`` is the log10 of the deviation, and ``spectrum (w c f)`` that of the share of power in each band.
    """

    mean: Values
    deviation: Values
    spectrum: Values


class Outside(NamedTuple):
    """Whether a window leaves the ranges on any channel: in its mean and its deviation `(w)`, and in bands `(w f)`."""

    mean: NDArray[np.bool_]
    deviation: NDArray[np.bool_]
    bands: NDArray[np.bool_]


class Shares(BaseModel, frozen=True):
    """Shares of windows that leave the ranges in each measure; in the spectrum: in any band."""

    mean: float
    deviation: float
    spectrum: float


class Ranges(BaseModel, frozen=True):
    """Ranges of the mean, deviation and spectrum of windows, as `Measures` have them.

    Bands are octaves below half the sampling rate, between ``edges`` in cycles per window. An interval reaches from the
    1 % to the 99 % quantile, and beyond each by half its distance from the median.
    """

    edges: tuple[int, ...]
    mean: tuple[Interval, ...]
    deviation: tuple[Interval, ...]
    spectrum: tuple[tuple[Interval, ...], ...]

    @model_validator(mode="after")
    def _sizes_agree(self) -> "Ranges":
        channels = len(self.deviation)
        means = channels if channels % _THREE else channels // _THREE * len(_SUMS)
        if len(self.mean) != means or [len(bands) for bands in self.spectrum] != channels * [len(self.edges) - 1]:
            raise ValueError("an interval for each measure of every channel")
        return self

    @classmethod
    def of(cls, split: Split) -> "Ranges | None":
        """The ranges of ``split``; None if it has fewer than 100 windows."""
        if len(split) < _LEAST:
            return None
        mean, deviation, spectrum = (np.concatenate(part) for part in zip(*map(measures, _some(split)), strict=True))
        return cls(
            edges=octaves(split.shape[2]),
            mean=tuple(map(_interval, mean.T)),
            deviation=tuple(map(_interval, deviation.T)),
            spectrum=tuple(tuple(map(_interval, channel)) for channel in spectrum.transpose(1, 2, 0)),
        )

    def fit(self, x: Values) -> bool:
        """Whether windows `x (w c t)` have the channels and the length of these."""
        return len(self.deviation) == x.shape[1] and self.edges == octaves(x.shape[2])

    def outside(self, x: Values) -> Outside:
        """Which of the windows `x (w c t)`, NaN where unobserved, leave the ranges."""
        found = measures(x)
        return Outside(
            _beyond(found.mean, self.mean),
            _beyond(found.deviation, self.deviation),
            _beyond(found.spectrum, self.spectrum),
        )

    def shares(self, split: Split) -> Shares:
        """How much of ``split`` is outside."""
        parts = [self.outside(x) for x in _some(split)]
        mean, deviation, bands = (np.concatenate(part) for part in zip(*parts, strict=True))
        return Shares(mean=mean.mean(), deviation=deviation.mean(), spectrum=bands.any(1).mean())


def octaves(samples: int) -> tuple[int, ...]:
    """Edges of bands in windows of ``samples``, in cycles per window: 0, then each twice the one before up to half the
    sampling rate. A band is above its lower edge, up to its upper one."""
    edges = [samples // 2]
    while len(edges) < _BANDS and edges[-1] // 2 >= _NARROWEST:
        edges.append(edges[-1] // 2)
    return (0, *reversed(edges))


def measures(x: Values) -> Measures:
    """Measures of windows `x (w c t)`, NaN where unobserved.

    Mean and deviation are those of observed samples; sums and differences need some on all three channels. The spectrum
    is the periodogram without the mean, with a Hann window; a channel with an unobserved sample has none, and neither
    has one without any variation.
    """
    seen = np.isfinite(x)
    count = seen.sum(2)
    known = np.where(count > 0, count, np.nan)
    mean = np.where(seen, x, 0).sum(2, dtype=np.float64) / known
    centred = np.where(seen, x - mean[..., None], 0)
    deviation = np.sqrt(np.square(centred).sum(2) / known)
    hann = np.hanning(x.shape[2] + 1)[:-1]
    power = np.square(np.abs(np.fft.rfft(centred * hann)))
    bands = np.stack([power[..., low + 1 : high + 1].sum(2) for low, high in pairwise(octaves(x.shape[2]))], 2)
    whole = bands.sum(2) * seen.all(2)
    share = bands / np.where(whole > 0, whole, np.nan)[..., None]
    return Measures(
        _with_sums(mean), np.log10(np.maximum(deviation, _NO_DEVIATION)), np.log10(np.maximum(share, _NO_SHARE))
    )


def _with_sums(mean: Values) -> Values:
    """The means of channels `(w c)` with those of their sums and differences, if channels come in threes `(w m)`."""
    windows, channels = mean.shape
    if channels % _THREE:
        return mean
    found: Values = (mean.reshape(windows, -1, _THREE) @ _SUMS.T).reshape(windows, -1)
    return found


def _some(split: Split) -> Iterator[Values]:
    """At most 10,000 windows, evenly spaced in ``split``, in blocks `(b c t)` in float64; NaN where unobserved."""
    for x, mask in split.take(np.arange(0, len(split), -(-len(split) // _MOST))).blocks():
        yield np.where(True if mask is None else mask, x.astype(np.float64), np.nan)


def _interval(values: Values) -> Interval:
    known = values[np.isfinite(values)]
    if not len(known):
        return None, None
    low, middle, high = np.quantile(known, [_QUANTILE, 0.5, 1 - _QUANTILE])
    rounding = _ROUNDING * max(abs(low), abs(high))
    return float(low - _WIDER * (middle - low) - rounding), float(high + _WIDER * (high - middle) + rounding)


def _beyond(values: Values, intervals: Sequence[Interval] | Sequence[Sequence[Interval]]) -> NDArray[np.bool_]:
    """Whether any of ``values (w c ...)`` is outside its interval of ``intervals (c ...)``, `(w ...)`."""
    ends = np.array(intervals, dtype=np.float64)  # None becomes NaN, which nothing is below or above
    low, high = ends[..., 0], ends[..., 1]
    outside: NDArray[np.bool_] = np.any((values < low) | (values > high), axis=1)
    return outside
