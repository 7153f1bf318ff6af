"""Mean and deviation of every channel, summed up block by block."""

import numpy as np
from numpy.typing import NDArray

from zoo.sources.raw import Array


class Moments:
    """Mean and population deviation `(c)` in float64 of the observed samples of ``channels``, in the data's units.

    Blocks are combined as in Chan, Golub & LeVeque (1983), so that a large offset costs no precision. ``count (c)`` is
    the number of samples.
    """

    def __init__(self, channels: int) -> None:
        self.count, self.mean, self._spread = (np.zeros(channels) for _ in range(3))

    def add(self, x: Array, seen: NDArray[np.bool_]) -> None:
        """Add windows `x (b c t)`, 0 where they are not ``seen``."""
        added = seen.sum((0, 2)).astype(np.float64)
        block_mean = x.sum((0, 2), dtype=np.float64) / np.maximum(added, 1)
        deviation = np.where(seen, x - block_mean[:, None], 0)
        total = self.count + added
        gap = block_mean - self.mean
        self.mean = self.mean + gap * added / np.maximum(total, 1)
        self._spread = (
            self._spread + np.square(deviation).sum((0, 2)) + gap**2 * self.count * added / np.maximum(total, 1)
        )
        self.count = total

    @property
    def deviation(self) -> NDArray[np.float64]:
        """0 for a channel without samples."""
        found: NDArray[np.float64] = np.sqrt(self._spread / np.maximum(self.count, 1))
        return found
