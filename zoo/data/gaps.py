"""Fill gaps in windows, for models without masks."""

import numpy as np
from numpy.typing import NDArray

from zoo.data.split import Windows


def bridged(windows: Windows, mean: NDArray[np.float64]) -> NDArray[np.float32]:
    """Windows `(b c t)` with every unobserved sample interpolated linearly between its observed neighbours.

    Before the first and after the last observed sample the value is constant; a channel without observed samples is
    constant at its ``mean (c)``.
    """
    if windows.mask is None:
        return windows.x
    found = windows.x.copy()
    time = np.arange(found.shape[-1])
    for window, channel in np.argwhere(~windows.mask.all(-1)):
        seen = windows.mask[window, channel]
        series = found[window, channel]
        series[~seen] = np.interp(time[~seen], time[seen], series[seen]) if seen.any() else mean[channel]
    return found
