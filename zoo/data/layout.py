"""The axes of a stored array, brought to `n c t` without copying."""

import warnings

import numpy as np
from zoo_registry import DataError, ZooNote
from zoo_registry.data import Layout

from zoo.data.raw import Array

_WINDOWS_LOOKED_AT = 32
_FEWEST_SAMPLES = 8
"""An axis that is shorter is no time: windows have more samples than that."""
_CLEARLY = 2
"""How many times more alike neighbours along one axis are than along the other for it to be time; 1 for noise."""


def lay_out(stored: Array, layout: Layout, where: str) -> Array:
    """`(n ...)` with windows laid out as ``layout`` to a view `(n c t)`.

    The layout is what somebody said, and holds whatever the numbers look like. Raises DataError where the number of
    axes contradicts it.
    """
    axes = ["n", *layout.split()]
    if stored.ndim != len(axes) or (axes[1] == "1" and stored.shape[1] != 1):
        expected = f"axes ({' '.join(axes)})"
        raise DataError(where, expected, f"shape {stored.shape}", _layout_hint(stored.shape))
    window = stored[:, 0] if axes[1] == "1" else stored
    return window if axes[-2:] == ["c", "t"] else window.swapaxes(1, 2)


def note_swapped(x: Array, where: str) -> None:
    """Warn with ZooNote where windows `(n c t)` look as if the layout said of them took channels for time.

    No more than a note, as electrodes side by side resemble each other, too; none where channels are too few for time.
    """
    if x.shape[1] >= min(_FEWEST_SAMPLES, x.shape[2]) and _smooth_axis(x) == 1:
        warnings.warn(
            f"{where}: {x.shape[1]} channels of {x.shape[2]} samples, as data.source.layout has it, though "
            "neighbouring channels are more alike than neighbouring samples: see whether the axes are swapped",
            ZooNote,
            stacklevel=3,
        )


def layout_of(stored: Array, where: str) -> Layout:
    """The axes of `(n ...)`: time is the axis of 8 or more where the other is shorter than that, or else the one along
    which neighbours are clearly more alike, which a ZooNote says.

    Counts tell no more: 113 channels by 24 samples is a common window of body-worn sensors. Raises DataError, naming
    the flag to add, where neither tells.
    """
    if stored.ndim not in (3, 4) or (stored.ndim == 4 and stored.shape[1] != 1):
        raise DataError(
            where, "windows (n c t), (n t c) or (n 1 t c)", f"shape {stored.shape}", _layout_hint(stored.shape)
        )
    if stored.ndim == 4:
        return "1 t c"
    first, last = stored.shape[1:]
    if min(first, last) < _FEWEST_SAMPLES <= max(first, last):
        return "c t" if last > first else "t c"
    flag = "--set data.source.layout"
    time = _smooth_axis(stored)
    if time is None:
        found = f"windows of {first} x {last}, of which either may be time"
        hint = (
            f'add {flag}="c t" for {first} channels of {last} samples, or {flag}="t c" for {last} channels of {first}'
        )
        raise DataError(where, "an axis that is clearly time", found, hint)
    layout: Layout = "t c" if time == 1 else "c t"
    samples, channels = stored.shape[time], stored.shape[3 - time]
    said = f"{where}: read as {channels} channels of {samples} samples, along which neighbours are more alike"
    warnings.warn(f'{said} (layout "{layout}"); {flag}=... says otherwise', ZooNote, stacklevel=2)
    return layout


def _layout_hint(shape: tuple[int, ...]) -> str:
    if len(shape) == 2:
        return 'give windows their channel axis: save x[:, None, :] and set layout to "c t"'
    if len(shape) == 3:
        return 'set layout to "c t" or "t c"'
    if len(shape) == 4 and shape[1] == 1:
        return 'set layout to "1 t c"'
    return "save windows as (n c t), (n t c) or (n 1 t c)"


def _smooth_axis(x: Array) -> int | None:
    """Of axes 1 and 2 of `(n ...)` the one along which neighbours are clearly more alike; None where neither is."""
    if x.dtype.kind not in "iuf":
        return None
    seen = np.nan_to_num(np.asarray(x[:_WINDOWS_LOOKED_AT], dtype=np.float64), posinf=0, neginf=0)
    steps = [np.abs(np.diff(seen, axis=axis)) for axis in (1, 2)]
    first, last = (float(step.mean()) if step.size else np.inf for step in steps)
    if first * _CLEARLY < last:
        return 1
    return 2 if last * _CLEARLY < first else None
