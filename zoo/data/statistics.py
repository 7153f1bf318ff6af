"""Per-channel mean and deviation of a split over its observed samples."""

import numpy as np
from numpy.typing import NDArray
from zoo_registry import DataError

from zoo.data.split import Split
from zoo.sources.raw import RawSplit


def channel_statistics(split: Split) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and population deviation `(c)` in float64, in the data's units.

    One pass that combines blocks as in Chan, Golub & LeVeque (1983), so that a large offset costs no precision. Raises
    DataError for a channel without observed samples.
    """
    count, mean, spread = (np.zeros(split.shape[1]) for _ in range(3))
    for x, mask in split.blocks():
        seen = np.ones_like(x, dtype=bool) if mask is None else mask
        added = seen.sum((0, 2)).astype(np.float64)
        block_mean = x.sum((0, 2), dtype=np.float64) / np.maximum(added, 1)
        deviation = np.where(seen, x - block_mean[:, None], 0)
        total = count + added
        gap = block_mean - mean
        mean = mean + gap * added / np.maximum(total, 1)
        spread = spread + np.square(deviation).sum((0, 2)) + gap**2 * count * added / np.maximum(total, 1)
        count = total
    if not count.all():
        found = f"none in channel {int(np.argmin(count))}"
        raise DataError(f"{split.name} split", "observed samples in every channel", found, "leave the channel out")
    return mean, np.sqrt(spread / count)


def require_observed(split: Split, home: RawSplit) -> None:
    """Raise DataError, with the location in ``home``, for a window without observed samples after the length step."""
    start = 0
    for _, mask in split.blocks():
        if mask is not None and not (seen := mask.any((1, 2))).all():
            place = home.place(int(split.rows[start + int(np.argmin(seen))]))
            expected = "at least one observed sample after the length step"
            raise DataError(place, expected, "none", "leave such windows out, or choose another step")
        start += 0 if mask is None else len(mask)
