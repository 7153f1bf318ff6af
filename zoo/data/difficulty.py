"""Difficulty of a data set: irregularity of series, number of waveforms that explain them, nearest-centroid
accuracy."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from zoo.data.split import DataSet, Split, Windows
from zoo.sources.raw import Labels

WAVEFORMS = 8
"""Number of principal components that reconstruct every series."""
_SAMPLED_VALUES = 2**23
"""Maximum number of training values for the principal components: 32 MiB."""

Floats = NDArray[np.float64]


class Difficulty(BaseModel, frozen=True):
    """Numbers to compare data sets, without a model.

    ``spectral_entropy`` is the entropy of a series' normalised power spectrum without its mean, divided by that of
    white noise (Inouye et al. 1991): 0 for one sine, 1 for white noise; averaged over series of the training split.
    ``zero_crossings`` is the number of times, per 100 samples, that a training series crosses its mean.
    ``low_rank_error`` is the share of the variance of validation and test series that the first ``waveforms`` principal
    components of training series leave unexplained; series are centred and scaled by the deviation of their channel. It
    is 0 for series made of few waveforms, 1 for series that share none. ``centroid_correct`` of ``centroid_total`` test
    windows are nearest to the mean training window of their own class, a baseline for models. None: not defined,
    because nothing varies.
    """

    spectral_entropy: float | None
    zero_crossings: float | None
    waveforms: int
    low_rank_error: float | None
    centroid_correct: int
    centroid_total: int


def difficulty(data: DataSet) -> Difficulty:
    """Measure ``data`` in blocks of a few megabytes.

    Principal components come from a random sample of training windows (seed 0) of at most 32 MiB; everything else uses
    every window.
    """
    entropy, crossings = _irregularity(data.train)
    rank, error = _low_rank(data)
    return Difficulty(
        spectral_entropy=entropy,
        zero_crossings=crossings,
        waveforms=rank,
        low_rank_error=error,
        centroid_correct=_nearest_centroid(data),
        centroid_total=len(data.test),
    )


def spectral_entropy(series: Floats) -> Floats:
    """Spectral entropy of each of `(... t)` without its mean, `(...)`: 0 to 1, NaN for constant series."""
    power = np.abs(np.fft.rfft(series)[..., 1:]) ** 2
    if series.shape[-1] % 2 == 0:
        power[..., -1] /= 2  # the highest frequency occurs once, all others twice
    total = power.sum(-1, keepdims=True)
    share = np.divide(power, total, out=np.zeros_like(power), where=total > 0)
    bits = -np.sum(share * np.log(share, out=np.zeros_like(share), where=share > 0), -1)
    found: Floats = np.where(total[..., 0] > 0, bits / max(np.log(power.shape[-1]), 1e-12), np.nan)
    return found


def zero_crossings(series: Floats, seen: NDArray[np.bool_]) -> tuple[int, int]:
    """Changes of sign between neighbouring samples of `(... t)` that are both ``seen``, and the number of such
    pairs."""
    pairs = seen[..., 1:] & seen[..., :-1]
    negative = series < 0
    return int(((negative[..., 1:] != negative[..., :-1]) & pairs).sum()), int(pairs.sum())


@dataclass(frozen=True)
class Waveforms:
    """Principal components `basis (k t)` of series about their mean series `mean (t)`."""

    mean: Floats
    basis: Floats

    def rebuild(self, series: Floats) -> Floats:
        """`(n t)` reconstructed from its components."""
        found: Floats = (series - self.mean) @ self.basis.T @ self.basis + self.mean
        return found


def find_waveforms(series: Floats, number: int = WAVEFORMS) -> Waveforms:
    """The first ``number`` principal components of `series (n t)`, or fewer if there are not as many."""
    from sklearn.decomposition import PCA

    most = min(number, *series.shape)
    fitted = PCA(most, random_state=0).fit(series)
    return Waveforms(fitted.mean_, fitted.components_)


def _irregularity(train: Split) -> tuple[float | None, float | None]:
    entropies, series = 0.0, 0
    crossings, pairs = 0, 0
    for windows in train.blocks():
        centred, seen = _centred(windows)
        found = spectral_entropy(centred)
        entropies, series = entropies + float(np.nansum(found)), series + int(np.isfinite(found).sum())
        crossed, neighbours = zero_crossings(centred, seen)
        crossings, pairs = crossings + crossed, pairs + neighbours
    return entropies / series if series else None, 100 * crossings / pairs if pairs else None


def _low_rank(data: DataSet) -> tuple[int, float | None]:
    """Number of components, and the share of validation and test that they leave unexplained."""
    number, channels, length = data.train.shape
    size = min(number, max(1, _SAMPLED_VALUES // (channels * length)))
    rows = np.sort(np.random.default_rng(0).choice(number, size, replace=False))
    scale = np.where(data.std > 0, data.std, 1)[:, None]
    sampled, _ = _centred(data.train.read(rows), scale)
    found = find_waveforms(sampled.reshape(-1, length))
    error = spread = 0.0
    for split in (data.validation, data.test):
        for windows in split.blocks():
            centred, seen = _centred(windows, scale)
            series = centred.reshape(-1, length)
            error += float((np.square(series - found.rebuild(series)) * seen.reshape(-1, length)).sum())
            spread += float(np.square(centred).sum())
    return len(found.basis), error / spread if spread > 0 else None


def _nearest_centroid(data: DataSet) -> int:
    """Number of test windows nearest to the mean training window of their class, in training deviations of each
    channel.

    Unobserved samples count as the channel's mean.
    """
    _, channels, length = data.train.shape
    sums, counts = np.zeros((len(data.classes), channels * length)), np.zeros(len(data.classes))
    for x, y in _standardised(data, data.train):
        np.add.at(sums, y, x)
        counts += np.bincount(y, minlength=len(counts))
    centroids = sums / np.maximum(counts, 1)[:, None]
    lengths = np.where(counts > 0, np.square(centroids).sum(1), np.inf)
    return sum(int((np.argmin(lengths - 2 * x @ centroids.T, 1) == y).sum()) for x, y in _standardised(data, data.test))


def _standardised(data: DataSet, split: Split) -> Iterator[tuple[Floats, Labels]]:
    """Windows of ``split``, flattened `(b c·t)`, standardised per channel by training statistics; and their classes."""
    scale, start = np.where(data.std > 0, data.std, 1)[:, None], 0
    for x, mask in split.blocks():
        z = (x - data.mean[:, None]) / scale
        z = z if mask is None else np.where(mask, z, 0)
        yield z.reshape(len(x), -1), split.y[start : start + len(x)]
        start += len(x)


def _centred(windows: Windows, scale: Floats | float = 1.0) -> tuple[Floats, NDArray[np.bool_]]:
    """Every series divided by ``scale`` and centred on its mean over observed samples, 0 elsewhere; and the mask."""
    x, mask = windows
    seen = np.ones(x.shape, dtype=bool) if mask is None else mask
    mean = x.sum(-1, keepdims=True, dtype=np.float64) / np.maximum(seen.sum(-1, keepdims=True), 1)
    centred = np.where(seen, x - mean, 0)
    centred[np.abs(centred) <= 1e-12 * np.abs(mean)] = 0  # the rounding error of a constant series
    return centred / scale, seen
