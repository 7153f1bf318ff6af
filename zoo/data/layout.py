"""The axes of a stored array, brought to `n c t` without copying."""

import numpy as np
from zoo_registry import DataError
from zoo_registry.data import Layout

from zoo.data.raw import Array

_WINDOWS_LOOKED_AT = 32
_CLEARLY = 8
"""How many times more samples than channels tell the two apart by their number alone."""


def lay_out(stored: Array, layout: Layout, where: str) -> Array:
    """`(n ...)` with windows laid out as ``layout`` to a view `(n c t)`.

    Raises DataError where the number of axes or their sizes contradict the layout.
    """
    axes = ["n", *layout.split()]
    if stored.ndim != len(axes) or (axes[1] == "1" and stored.shape[1] != 1):
        expected = f"axes ({' '.join(axes)})"
        raise DataError(where, expected, f"shape {stored.shape}", _layout_hint(stored.shape))
    window = stored[:, 0] if axes[1] == "1" else stored
    x = window if axes[-2:] == ["c", "t"] else window.swapaxes(1, 2)
    if x.shape[1] > x.shape[2] and _smoother_across_channels(x):
        other = "c t" if layout == "t c" else "t c"
        found = f"{x.shape[1]} channels of {x.shape[2]} samples, smooth across what the layout calls channels"
        raise DataError(where, f"axes ({' '.join(axes)})", found, f'the axes look swapped: set layout to "{other}"')
    return x


def layout_of(stored: Array, where: str) -> Layout:
    """The axes of `(n ...)` as its numbers tell them: time is the far longer axis, or else the one along which
    neighbours are alike.

    Raises DataError, naming the flag to add, where neither tells.
    """
    if stored.ndim not in (3, 4) or (stored.ndim == 4 and stored.shape[1] != 1):
        raise DataError(
            where, "windows (n c t), (n t c) or (n 1 t c)", f"shape {stored.shape}", _layout_hint(stored.shape)
        )
    if stored.ndim == 4:
        return "1 t c"
    first, last = stored.shape[1:]
    if max(first, last) >= _CLEARLY * min(first, last):
        return "c t" if last > first else "t c"
    if not _smoother_across_channels(stored):
        return "c t"
    if not _smoother_across_channels(stored.swapaxes(1, 2)):
        return "t c"
    found = f"windows of {first} x {last}, of which either may be time"
    flag = "--set data.source.layout"
    hint = f'add {flag}="c t" for {first} channels of {last} samples, or {flag}="t c" for {last} channels of {first}'
    raise DataError(where, "an axis that is clearly time", found, hint)


def _layout_hint(shape: tuple[int, ...]) -> str:
    if len(shape) == 2:
        return 'give windows their channel axis: save x[:, None, :] and set layout to "c t"'
    if len(shape) == 3:
        return 'set layout to "c t" or "t c"'
    if len(shape) == 4 and shape[1] == 1:
        return 'set layout to "1 t c"'
    return "save windows as (n c t), (n t c) or (n 1 t c)"


def _smoother_across_channels(x: Array) -> bool:
    """Whether neighbouring samples resemble each other less than neighbouring channels do.

    A count alone cannot tell: 113 channels by 24 samples is a common window of body-worn sensors.
    """
    if x.dtype.kind not in "iuf" or x.shape[2] < 2:
        return True
    seen = np.nan_to_num(np.asarray(x[:_WINDOWS_LOOKED_AT], dtype=np.float64), posinf=0, neginf=0)
    along_time = np.abs(np.diff(seen, axis=2)).mean()
    across_channels = np.abs(np.diff(seen, axis=1)).mean()
    return bool(along_time * 2 > across_channels)
