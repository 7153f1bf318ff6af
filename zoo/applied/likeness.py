"""Whether the windows of a recording are like those that a model was trained on."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from zoo.data.ranges import Ranges, Shares
from zoo.findings.facts import Standard
from zoo.recordings.segments import Values

Flags = NDArray[np.bool_]

_FAR = 4.0
"""Deviations of the training data by which the mean or the deviation of a window may differ, if ranges are unknown."""
_LEAST, _USUAL = 0.02, 3.0
"""Share of windows from which a difference is noted, and how many times that of validation windows it must be."""
_MOUNT, _FILTER = "another mount, body site or unit", "another rate, filter or device"


class Unlike(BaseModel, frozen=True):
    """Shares of worn windows whose mean, deviation or spectrum leaves the ranges of the training data on some axis.

    ``band`` in Hz is where most spectra do, None if none does. ``usual`` are the shares of the validation windows.
    """

    mean: float
    deviation: float
    spectrum: float
    band: tuple[float, float] | None
    usual: Shares

    def notable(self) -> Iterator[tuple[str, str]]:
        """The share of every measure in which notably many windows differ, in words, and likely causes."""
        place = "" if self.band is None else f" (most from {self.band[0]:.3g} to {self.band[1]:.3g} Hz)"
        for measure, share, usual, cause in (
            ("mean", self.mean, self.usual.mean, _MOUNT),
            ("deviation", self.deviation, self.usual.deviation, _MOUNT),
            (f"spectrum{place}", self.spectrum, self.usual.spectrum, _FILTER),
        ):
            if share > max(_LEAST, _USUAL * usual):
                yield f"{100 * share:.3g} % by {measure}", cause


@dataclass(frozen=True)
class Likeness:
    """What is known of the training data: mean and deviation of all samples, ranges of windows with ``usual``, the
    shares of validation windows outside."""

    standard: Standard | None = None
    ranges: Ranges | None = None
    usual: Shares | None = None

    def differing(self, x: Values) -> Flags | None:
        """Whether windows `x (w c t)`, NaN where unobserved, differ; None if nothing is known.

        The first column of `(w f)` is whether they do in anything. If ranges are known, further columns are the mean,
        the deviation, the spectrum, and each band of it.
        """
        if self.ranges is not None and self.ranges.fit(x):
            mean, deviation, bands = self.ranges.outside(x)
            spectrum = bands.any(1)
            return np.column_stack([mean | deviation | spectrum, mean, deviation, spectrum, bands])
        if self.standard is None or len(self.standard.mean) != x.shape[1]:
            return None
        return _far(x, self.standard)[:, None]

    def unlike(self, counts: Values, windows: int, length: float) -> Unlike | None:
        """The shares of ``windows`` of ``length`` seconds of which ``counts (f)`` differ; None without ranges."""
        if self.ranges is None or self.usual is None or len(counts) == 1:
            return None
        _, mean, deviation, spectrum, *bands = counts.tolist()
        most = int(np.argmax(bands))
        low, high = self.ranges.edges[most : most + 2]
        return Unlike(
            mean=mean / windows,
            deviation=deviation / windows,
            spectrum=spectrum / windows,
            band=(low / length, high / length) if bands[most] else None,
            usual=self.usual,
        )


def _far(x: Values, standard: Standard) -> Flags:
    """Whether the mean of a window is far from that of all samples, or its deviation far above theirs."""
    mean, std = np.array(standard.mean), np.array(standard.std)
    seen = np.isfinite(x)
    count = np.maximum(seen.sum(2), 1)
    middle = np.where(seen, x, 0).sum(2) / count
    deviation = np.sqrt(np.where(seen, np.square(x - middle[..., None]), 0).sum(2) / count)
    shifted = (np.abs(middle - mean) > _FAR * std) & seen.any(2)
    found: Flags = (shifted | (deviation > _FAR * std)).any(1)
    return found
