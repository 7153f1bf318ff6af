"""Windows of recordings: what is cut, from which samples, and what of every bout is left out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from zoo_registry import Recording, SpecError

from zoo.recordings.bouts import Bout
from zoo.recordings.segments import Segment, TimeSpan, Values, segments

Correction = Callable[[Segment], Values]
"""Corrects the samples `(c t)` of a segment, such as a calibration."""

_FINEST = 1000
"""Largest numerator or denominator of a ratio of rates."""
_WHOLE = 1e-6
_HOUR = 3600.0


@dataclass(frozen=True)
class Cut:
    """How windows are cut: ``length`` and ``step`` in seconds, the ``rate`` in Hz (None keeps that of the recording),
    a moving mean over ``smooth`` seconds, and ``trim`` seconds left out at both ends of every bout. With ``worn_only``,
    unworn time is left out too."""

    length: float
    step: float
    rate: float | None = None
    smooth: float = 0.0
    trim: float = 0.0
    worn_only: bool = True

    def samples(self, recorded: float) -> tuple[int, int]:
        """Samples of a window and from one window to the next, of a recording at ``recorded`` Hz.

        Raises SpecError if they are not whole numbers.
        """
        rate = self.rate or recorded
        found = []
        for option, seconds in (("--length", self.length), ("--step", self.step)):
            count = round(seconds * rate)
            if count < 1 or abs(seconds * rate - count) > _WHOLE * count:
                expected = f"a whole number of samples at {rate:g} Hz"
                hint = f"use {max(1, count) / rate:.6g}s, or resample with --rate"
                raise SpecError(option, expected, f"{seconds * rate:.6g} in {seconds:g} s", hint)
            found.append(count)
        return found[0], found[1]


class Piece(NamedTuple):
    """All windows ``x (w c t)`` of one segment, with their ``starts (w)`` in seconds after the start of the recording.

    ``span`` is the number of its bout. Of its ``seconds`` of samples, ``used`` are in a window.
    """

    span: int
    starts: Values
    x: Values
    seconds: float
    used: float


def spans_of(bouts: Sequence[Bout], trim: float) -> list[TimeSpan]:
    """The time of every bout without ``trim`` seconds at its ends, numbered in order."""
    spans = [TimeSpan(bout.start + trim, bout.end - trim, number) for number, bout in enumerate(bouts)]
    return [span for span in spans if span.end > span.start]


def hours_of(seconds: float) -> list[TimeSpan]:
    """A recording of that many seconds without bouts: a span for each hour, so that little is in memory."""
    starts = [float(start) for start in np.arange(0, seconds, _HOUR)]
    return [TimeSpan(start, min(start + _HOUR, seconds), number) for number, start in enumerate(starts)]


def pieces(recording: Recording, spans: Sequence[TimeSpan], how: Cut, correct: Correction) -> Iterator[Piece]:
    """Windows of ``recording`` within ``spans``, segment by segment.

    The samples of a segment are corrected, then smoothed, then resampled, then cut from the first on.
    """
    recorded = recording.about.rate
    size, step = how.samples(recorded)
    for segment in segments(recording, spans):
        x, time = smoothed(correct(segment), round(how.smooth * recorded)), segment.time
        if how.rate is not None and how.rate != recorded:
            x = resampled(x, recorded, how.rate)
            time = time[0] + np.arange(x.shape[1]) / how.rate
        firsts = np.arange(0, x.shape[1] - size + 1, step)
        windows = x[:, firsts[:, None] + np.arange(size)].transpose(1, 0, 2)
        used = min(size, step) * max(len(firsts) - 1, 0) + size * bool(len(firsts))
        yield Piece(segment.span, time[firsts], windows, len(segment.time) / recorded, used / (how.rate or recorded))


def smoothed(x: Values, samples: int) -> Values:
    """Centred moving mean of ``x (c t)`` over ``samples``; at the ends over those that are there.

    Missing samples, which are NaN, are not counted and stay missing.
    """
    if samples < 2:
        return x
    seen = ~np.isnan(x)
    here = np.arange(x.shape[1])
    first, last = np.maximum(here - (samples - 1) // 2, 0), np.minimum(here + samples // 2 + 1, x.shape[1])
    total, count = (
        sums[:, last] - sums[:, first]
        for sums in (np.pad(part.cumsum(1), ((0, 0), (1, 0))) for part in (np.where(seen, x, 0), seen))
    )
    mean: Values = np.divide(total, count, out=np.full(x.shape, np.nan), where=seen)
    return mean


def resampled(x: Values, before: float, after: float) -> Values:
    """``x (c t)`` at another rate in Hz, by a polyphase filter (scipy.signal.resample_poly, Kaiser window, β 5).

    Missing samples, which are NaN, are bridged for the filter; what lies beside one of them is missing again.
    """
    from scipy.signal import resample_poly

    ratio = Fraction(after / before).limit_denominator(_FINEST)
    seen = ~np.isnan(x)
    found: Values = resample_poly(_bridged(x, seen), ratio.numerator, ratio.denominator, axis=1, padtype="line")
    at = np.arange(found.shape[1]) * ratio.denominator  # in samples, times the numerator
    left, right = at // ratio.numerator, np.minimum(-(-at // ratio.numerator), x.shape[1] - 1)
    return np.where(seen[:, left] & seen[:, right], found, np.nan)


def _bridged(x: Values, seen: NDArray[np.bool_]) -> Values:
    """``x (c t)`` with lines over samples that are not ``seen (c t)``; zeros where a channel has none."""
    found, here = x.copy(), np.arange(x.shape[1])
    for channel in np.flatnonzero(~seen.all(1)):
        there = seen[channel]
        found[channel] = np.interp(here, here[there], x[channel, there]) if there.any() else 0
    return found
