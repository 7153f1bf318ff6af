"""Windows that hold the same stretch of samples, as neighbours in one recording do, found by hashes of runs."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Rows = NDArray[np.intp]

_SHORTEST = 16
_BASE = np.uint64(0x9E3779B97F4A7C15)
_INVERSE = np.uint64(pow(int(_BASE), -1, 2**64))


class Runs(NamedTuple):
    """Hashes of runs of samples, `hashes (m)`, and the number of the window that each was found in, `rows (m)`."""

    hashes: Hashes
    rows: Rows

    @classmethod
    def joined(cls, found: Iterable["Runs"]) -> "Runs":
        """All of them."""
        hashes, rows = zip(*found, strict=True)
        return cls(np.concatenate(hashes), np.concatenate(rows))

    def of(self, rows: Rows) -> "Runs":
        """Those of the windows ``rows``, which are numbered from 0 again."""
        number = np.full(1 + max(self.rows.max(initial=0), rows.max(initial=0)), -1)
        number[rows] = np.arange(len(rows))
        found = number[self.rows]
        return Runs(self.hashes[found >= 0], found[found >= 0])

    def shared(self, others: Iterable["Runs"]) -> Rows:
        """Numbers of the windows that hold a run of any of ``others``."""
        known = np.concatenate([other.hashes for other in others])
        return np.unique(self.rows[np.isin(self.hashes, known)])


class RunLength(NamedTuple):
    """Samples of a run, and one in how many runs is kept.

    Windows that share half of their samples share at least a quarter of their runs, some 16 of the 64 that are kept.
    """

    samples: int
    kept: int

    @classmethod
    def of(cls, shortest: int) -> "RunLength":
        """For series of ``shortest`` samples at least."""
        return cls(max(_SHORTEST, shortest // 4), max(1, shortest // 64))


def runs_of(values: NDArray[np.float32], length: RunLength, first: int) -> Runs:
    """Runs of windows `values (b c t)`, of which ``first`` is the number of the first.

    A run is kept for what it holds, wherever it lies (Manber 1994, "Finding similar files in a large file system").
    Runs of which less than half of the samples differ from the one before are left out: a device that lies still
    repeats itself.
    """
    samples, kept = length
    if values.shape[-1] < samples:
        return Runs(np.empty(0, np.uint64), np.empty(0, np.intp))
    each = _of_samples(values)
    power = _powers(_BASE, each.shape[1])
    sums = _before(each * power)
    hashes = _mixed((sums[:, samples:] - sums[:, :-samples]) * _powers(_INVERSE, each.shape[1])[: 1 - samples or None])
    moves = _before((each[:, 1:] != each[:, :-1]).astype(np.uint64))
    moving = moves[:, samples - 1 :] - moves[:, : moves.shape[1] - samples + 1]
    rows, places = np.nonzero((hashes % np.uint64(kept) == 0) & (moving >= samples // 2))
    return Runs(hashes[rows, places], rows + first)


def _of_samples(values: NDArray[np.float32]) -> Hashes:
    """A hash `(b t)` of each sample of all channels."""
    bits = np.ascontiguousarray(values).view(np.uint32).astype(np.uint64)
    weights = _mixed(np.arange(1, values.shape[1] + 1, dtype=np.uint64)) | np.uint64(1)
    return _mixed((bits * weights[:, None]).sum(1, dtype=np.uint64))


def _powers(base: np.uint64, count: int) -> Hashes:
    """1, base, base², … modulo 2⁶⁴."""
    return np.cumprod(np.concatenate([np.ones(1, np.uint64), np.full(count - 1, base)]), dtype=np.uint64)


def _before(values: Hashes) -> Hashes:
    """Sums `(b t+1)` of what comes before each place, modulo 2⁶⁴."""
    return np.pad(np.cumsum(values, axis=1, dtype=np.uint64), [(0, 0), (1, 0)])


def _mixed(values: Hashes) -> Hashes:
    """Every bit of the result depends on every bit of ``values`` (SplitMix64, Steele et al. 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
