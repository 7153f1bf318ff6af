"""View a stored array as `n c t` without copying."""

import warnings

import numpy as np
from zoo_registry import DataError, ZooNote
from zoo_registry.data import Layout

from zoo.sources.raw import Array

_WINDOWS_LOOKED_AT = 32
_FEWEST_SAMPLES = 8
"""Minimum length of a time axis: windows have at least this many samples."""
_CLEARLY = 2
"""The time axis is detected if neighbours along it are this many times more similar than along the other; 1 for
noise."""


def lay_out(stored: Array, layout: Layout, where: str) -> Array:
    """View `(n ...)`, whose windows have the axes ``layout``, as `(n c t)`.

    The layout comes from the user and is used for any sizes. Raises DataError if the number of axes contradicts it.
    """
    axes = ["n", *layout.split()]
    if stored.ndim != len(axes) or (axes[1] == "1" and stored.shape[1] != 1):
        expected = f"axes ({' '.join(axes)})"
        raise DataError(where, expected, f"shape {stored.shape}", _layout_hint(stored.shape))
    window = stored[:, 0] if axes[1] == "1" else stored
    return window if axes[-2:] == ["c", "t"] else window.swapaxes(1, 2)


def note_swapped(x: Array, where: str) -> None:
    """Warn with ZooNote if windows `(n c t)` look as if the given layout swaps channels and time.

    It is only a note, because neighbouring electrodes are also similar. There is none if channels are too few to be
    time.
    """
    if x.shape[1] >= min(_FEWEST_SAMPLES, x.shape[2]) and _smooth_axis(x) == 1:
        warnings.warn(
            f"{where}: {x.shape[1]} channels of {x.shape[2]} samples, as data.source.layout has it, though "
            "neighbouring channels are more alike than neighbouring samples: see whether the axes are swapped",
            ZooNote,
            stacklevel=3,
        )


def layout_of(stored: Array, where: str) -> Layout:
    """The axes of `(n ...)`: time is the axis of 8 or more if the other is shorter than 8, else the axis along which
    neighbours are clearly more similar, with a ZooNote.

    Sizes alone are not enough: 113 channels by 24 samples is a common window of body-worn sensors. Raises DataError
    with the flag to add if neither rule decides.
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
    message = f"{where}: read as {channels} channels of {samples} samples, along which neighbours are more alike"
    warnings.warn(f'{message} (layout "{layout}"); {flag}=... says otherwise', ZooNote, stacklevel=2)
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
    """The axis, 1 or 2, of `(n ...)` along which neighbours are clearly more similar; None if there is none."""
    if x.dtype.kind not in "iuf":
        return None
    seen = np.nan_to_num(np.asarray(x[:_WINDOWS_LOOKED_AT], dtype=np.float64), posinf=0, neginf=0)
    steps = [np.abs(np.diff(seen, axis=axis)) for axis in (1, 2)]
    first, last = (float(step.mean()) if step.size else np.inf for step in steps)
    if first * _CLEARLY < last:
        return 1
    return 2 if last * _CLEARLY < first else None
