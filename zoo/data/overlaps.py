"""Find windows that share a run of samples, such as neighbours in one recording, by hashes of runs."""

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Rows = NDArray[np.intp]

KEPT = 12
"""Number of hashes kept per window: 97 to 99 % of pairs of random windows that share half of their samples are
found."""

_SHORTEST = 16
_NONE = np.uint64(2**64 - 1)
_BASE = np.uint64(0x9E3779B97F4A7C15)
_INVERSE = np.uint64(pow(int(_BASE), -1, 2**64))


def run_length(shortest: int) -> int:
    """Samples of a run: a quarter of ``shortest``, the samples of the shortest series."""
    return max(_SHORTEST, shortest // 4)


def runs_of(values: NDArray[np.float32], samples: int) -> Hashes:
    """The smallest hashes `(b KEPT)` of the runs of ``samples`` samples in windows `values (b c t)`.

    The content of a run, not its position, decides whether it is kept, so that windows that share runs usually keep
    some of the same ones (Broder 1997, "On the resemblance and containment of documents"). Runs are left out if less
    than half of their samples differ from the sample before: a device at rest repeats itself.
    """
    found = np.full((len(values), KEPT), _NONE)
    if values.shape[-1] >= samples:
        each = _of_samples(values)
        sums = _before(each * _powers(_BASE, each.shape[1]))
        runs = sums[:, samples:] - sums[:, :-samples]
        hashes = _mixed(runs * _powers(_INVERSE, runs.shape[1]))
        moves = _before((each[:, 1:] != each[:, :-1]).astype(np.uint64))
        hashes[moves[:, samples - 1 :] - moves[:, : runs.shape[1]] < samples // 2] = _NONE
        least = min(KEPT, runs.shape[1])
        found[:, :least] = np.partition(hashes, least - 1, axis=1)[:, :least]
    return found


def sharing(found: Hashes, rows: Rows, earlier: Hashes, others: Rows) -> NDArray[np.bool_]:
    """Which windows ``rows`` of ``found (n KEPT)`` share a run with one of the windows ``others`` of ``earlier``."""
    known = earlier[others].ravel()
    known.sort()
    same = np.zeros(len(rows), np.bool_)
    for hashes in found.T if len(known) else ():
        candidates = hashes[rows]
        places = np.searchsorted(known, candidates).clip(max=len(known) - 1)
        same |= (known[places] == candidates) & (candidates != _NONE)
    return same


def _of_samples(values: NDArray[np.float32]) -> Hashes:
    """One hash `(b t)` per sample, over all channels."""
    bits = np.ascontiguousarray(values).view(np.uint32)
    weights = _mixed(np.arange(1, bits.shape[1] + 1, dtype=np.uint64)) | np.uint64(1)
    sums = np.zeros((bits.shape[0], bits.shape[2]), np.uint64)
    for channel, weight in enumerate(weights):
        sums += bits[:, channel] * weight
    return _mixed(sums)


def _powers(base: np.uint64, count: int) -> Hashes:
    """1, base, base², … modulo 2⁶⁴."""
    return np.cumprod(np.concatenate([np.ones(1, np.uint64), np.full(count - 1, base)]), dtype=np.uint64)


def _before(values: Hashes) -> Hashes:
    """Cumulative sums `(b t+1)` before each position, modulo 2⁶⁴."""
    return np.pad(np.cumsum(values, axis=1, dtype=np.uint64), [(0, 0), (1, 0)])


def _mixed(values: Hashes) -> Hashes:
    """Every bit of the result depends on every bit of ``values`` (SplitMix64, Steele et al. 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
