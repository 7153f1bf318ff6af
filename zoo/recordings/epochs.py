"""Epochs: the samples of a recording summed up in bins of some seconds, so that a week fits in memory."""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from zoo_registry import Block

Values = NDArray[np.float64]
Indices = NDArray[np.int64]

_MOMENTS = 5
_WHOLE = 0.9
_CLOCK = 1e-6
"""Seconds by which the time of a sample may be rounded down without falling into the bin before."""


@dataclass(frozen=True)
class Epochs:
    """Statistics of samples per bin of ``seconds``; only bins that have samples.

    ``start (e)`` is in seconds after the start of the recording. ``moments (5 c e)`` are, for every axis and then for
    every side channel, the number of samples, their mean, the sum of their squared deviations from it, their minimum
    and maximum. Values that are not finite are not counted; statistics of none are NaN.
    """

    seconds: float
    rate: float
    axes: tuple[str, ...]
    side_names: tuple[str, ...]
    start: Values
    moments: Values

    def __len__(self) -> int:
        return len(self.start)

    @property
    def count(self) -> Values:
        """Number of samples `(e)`; of the axis that has the fewest."""
        counts: Values = self._of_axes(0).min(axis=1)
        return counts

    @property
    def whole(self) -> NDArray[np.bool_]:
        """Whether at least 90 % of the expected samples are there, `(e)`."""
        return self.count >= _WHOLE * self.rate * self.seconds

    @property
    def mean(self) -> Values:
        """Mean per axis `(e c)`."""
        return np.where(self._of_axes(0) > 0, self._of_axes(1), np.nan)

    @property
    def sd(self) -> Values:
        """Standard deviation per axis `(e c)`: the root of the mean squared deviation."""
        count = self._of_axes(0)
        variance: Values = self._of_axes(2) / np.where(count > 0, count, np.nan)
        return np.sqrt(variance)

    @property
    def low(self) -> Values:
        """Minimum per axis `(e c)`."""
        return self._of_axes(3)

    @property
    def high(self) -> Values:
        """Maximum per axis `(e c)`."""
        return self._of_axes(4)

    @property
    def side(self) -> Mapping[str, Values]:
        """Mean `(e)` of every side channel."""
        count, mean = self.moments[:2, len(self.axes) :]
        return dict(zip(self.side_names, np.where(count > 0, mean, np.nan), strict=True))

    def only(self, kept: NDArray[np.bool_]) -> "Epochs":
        """The epochs that are ``kept (e)``."""
        return replace(self, start=self.start[kept], moments=self.moments[:, :, kept])

    def joined(self, parts: int, step: int | None = None) -> "Epochs":
        """Epochs of ``parts`` bins each, one at every ``step``-th bin; by default one after the other.

        They equal those of the samples themselves, because moments of parts give the moments of the whole. Epochs that
        overlap cannot be joined again. The last ones may reach beyond the end of the recording; they are not `whole`.
        """
        step = step or parts
        number = np.rint(self.start / self.seconds).astype(np.int64)
        # Only bins that exist are visited: a clock that jumps by centuries costs nothing.
        wanted = np.unique(number[:, None] // step - np.arange(-(-parts // step))) * step
        first, end = np.searchsorted(number, wanted), np.searchsorted(number, wanted + parts)
        kept = (end > first) & (wanted >= 0)
        first, size = first[kept], (end - first)[kept]
        starts = np.cumsum(size) - size
        members = np.arange(size.sum()) + np.repeat(first - starts, size)
        moments = _pooled(self.moments[:, :, members], starts)
        return replace(self, seconds=parts * self.seconds, start=wanted[kept] * self.seconds, moments=moments)

    def _of_axes(self, moment: int) -> Values:
        return self.moments[moment, : len(self.axes)].T


class Bins:
    """Gathers `Epochs` from the blocks of a recording; a bin may span blocks. Samples are not kept."""

    def __init__(self, seconds: float, rate: float, axes: Sequence[str], side: Sequence[str] = ()) -> None:
        """Bins of ``seconds`` for blocks of the nominal ``rate`` in Hz, with these axes and these of their side."""
        self._seconds, self._rate, self._axes, self._side = float(seconds), rate, tuple(axes), tuple(side)
        channels = len(self._axes) + len(self._side)
        self._done = array("d")
        """Finished bins: the number of each, then its moments."""
        self._number: Indices = np.zeros(0, np.int64)
        self._moments: Values = np.zeros((_MOMENTS, channels, 0))
        """The last bin, which the next block may continue."""

    def add(self, block: Block) -> None:
        """Count the samples of the next block."""
        if not len(block.time):
            return
        x = np.concatenate([block.x, *(block.side[name][None] for name in self._side)]).astype(np.float64, copy=False)
        seen = np.isfinite(x)
        whole = bool(seen.all())
        value = x if whole else np.where(seen, x, 0)
        extreme = x if whole else np.where(seen, x, np.nan)
        number = np.floor((block.time + _CLOCK) / self._seconds).astype(np.int64)
        starts = _firsts(number)
        fresh = _pooled((seen.astype(np.float64), value, np.zeros_like(x), extreme, extreme), starts)
        self._append(np.concatenate([self._number, number[starts]]), np.concatenate([self._moments, fresh], axis=-1))

    def epochs(self) -> Epochs:
        """Statistics of all samples so far."""
        columns = 1 + self._moments.shape[0] * self._moments.shape[1]
        done = np.array(self._done).reshape(-1, columns)
        moments = done[:, 1:].T.reshape(*self._moments.shape[:2], -1)
        start = np.concatenate([done[:, 0], self._number]) * self._seconds
        moments = np.concatenate([moments, self._moments], -1)
        return Epochs(self._seconds, self._rate, self._axes, self._side, start, moments)

    def _append(self, number: Indices, moments: Values) -> None:
        """Join bins of one number, and finish all but the last."""
        starts = _firsts(number)
        number, moments = number[starts], _pooled(moments, starts)
        finished = np.concatenate([number[None], moments.reshape(-1, len(number))])[:, :-1]
        self._done.frombytes(finished.T.tobytes())
        self._number, self._moments = number[-1:], moments[..., -1:]


def _firsts(number: Indices) -> Indices:
    """Where a new number begins in sorted ones."""
    return np.flatnonzero(np.diff(number, prepend=number[0] - 1))


def _pooled(moments: Values | Sequence[Values], starts: Indices) -> Values:
    """Moments `(5 c e)` of groups that begin at ``starts (e)``, from those of their parts `(5 c p)`.

    n = Σ nᵢ, mean m = Σ nᵢ mᵢ / n, squares = Σ (squaresᵢ + nᵢ (mᵢ − m)²) (Chan, Golub & LeVeque 1983, The American
    Statistician 37: 242-247). A sample is a part with n 1 and squares 0.
    """
    count, mean, squares, low, high = moments
    total = np.add.reduceat(count, starts, axis=-1)
    centre = np.add.reduceat(count * mean, starts, axis=-1) / np.maximum(total, 1)
    off = mean - np.repeat(centre, np.diff(starts, append=count.shape[-1]), axis=-1)
    spread = np.add.reduceat(squares + count * off**2, starts, axis=-1)
    least, most = np.fmin.reduceat(low, starts, axis=-1), np.fmax.reduceat(high, starts, axis=-1)
    return np.stack([total, centre, spread, least, most])
