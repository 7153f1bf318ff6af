"""Per-channel mean and deviation of a split over its observed samples."""

import numpy as np
from numpy.typing import NDArray
from zoo_registry import DataError

from zoo.data.split import Split
from zoo.sources.moments import Moments
from zoo.sources.raw import RawSplit


def channel_statistics(split: Split) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and population deviation `(c)` in float64, in the data's units.

    Raises DataError for a channel without observed samples.
    """
    found = Moments(split.shape[1])
    for x, mask in split.blocks():
        found.add(x, np.ones_like(x, dtype=bool) if mask is None else mask)
    if not found.count.all():
        channel = f"none in channel {int(np.argmin(found.count))}"
        raise DataError(f"{split.name} split", "observed samples in every channel", channel, "leave the channel out")
    return found.mean, found.deviation


def require_observed(split: Split, home: RawSplit) -> None:
    """Raise DataError, with the location in ``home``, for a window without observed samples after the length step."""
    start = 0
    for _, mask in split.blocks():
        if mask is not None and not (seen := mask.any((1, 2))).all():
            place = home.place(int(split.rows[start + int(np.argmin(seen))]))
            expected = "at least one observed sample after the length step"
            raise DataError(place, expected, "none", "leave such windows out, or choose another step")
        start += 0 if mask is None else len(mask)
