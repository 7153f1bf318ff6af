"""Calibration: offset, scale and slope with temperature of an accelerometer, found where it lies still.

Van Hees et al. 2014, Journal of Applied Physiology 117: 738-744.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zoo.recordings.epochs import Epochs

Values = NDArray[np.float64]
Three = tuple[float, float, float]

EPOCH = 10.0
"""Seconds of an epoch that may be still."""
_HOURS = 12
_STILL = 0.013
_GRAVITY = 0.5
"""A mean whose norm is this many g from 1 is not gravity: some devices write zeros while they are idle."""
_REACH = 0.3
_FEWEST = 90
"""Still epochs: ten for each of the nine numbers that are fitted."""
_GOOD = 0.01
_NEAREST = 0.01
"""Epochs closer to the sphere than this, in g, weigh the same."""
_ROUNDS = 1000
_CONVERGED = 1e-14
"""In g²."""


class Calibration(NamedTuple):
    """Corrected = (x + ``offset``) · ``scale`` + ``slope`` · (T − ``mean_temperature``), per axis, in g and °C.

    ``before`` and ``after`` are the mean of | |x| − 1 | in g over so many still ``epochs``, None if there are none.
    ``reason`` says in words why nothing is corrected; then it is the identity.
    """

    offset: Three = (0.0, 0.0, 0.0)
    scale: Three = (1.0, 1.0, 1.0)
    slope: Three = (0.0, 0.0, 0.0)
    mean_temperature: float | None = None
    before: float | None = None
    after: float | None = None
    epochs: int = 0
    reason: str | None = None

    def apply(self, x: Values, temperature: Values | None = None) -> Values:
        """Corrected samples `(3 t)` of ``x (3 t)``; where ``temperature (t)`` is unknown, its mean is assumed."""
        if self.reason is not None:
            return x
        offset, scale, slope = (np.array(values)[:, None] for values in (self.offset, self.scale, self.slope))
        corrected: Values = (x + offset) * scale
        if temperature is not None and self.mean_temperature is not None:
            corrected += slope * _warmth(temperature, self.mean_temperature)
        return corrected


def find_calibration(epochs: Epochs) -> Calibration:
    """Calibrate by the still ones among epochs of `EPOCH` seconds of three axes in g.

    Still: standard deviation under 13 mg on every axis, and 90 % of the samples there. The side channel "temperature"
    in °C is used where there is one. Under 12 h of data nothing is corrected.
    """
    if len(epochs.axes) != 3:
        return _identity(f"it needs three axes of acceleration, and this recording has {len(epochs.axes)}")
    whole = epochs.only(epochs.whole)
    gravity = np.abs(np.linalg.norm(whole.mean, axis=1) - 1) < _GRAVITY
    still = whole.only(gravity & (whole.sd < _STILL).all(axis=1))
    hours = len(whole) * whole.seconds / 3600
    if hours < _HOURS:
        there = f"{math.floor(hours * 10) / 10} h" if hours >= 1 else f"{math.floor(hours * 60)} min"
        return _identity(f"it needs {_HOURS} h of data, and there are {there}", still.mean)
    return calibrate_still(still.mean, still.side.get("temperature"))


def calibrate_still(x: Values, temperature: Values | None = None) -> Calibration:
    """Calibrate by means ``x (e 3)`` of still epochs in g, at a ``temperature (e)`` in °C if known; it may have NaN.

    Both sides of every axis must reach beyond .3 g, because one side cannot tell an offset from a gain. The fit is
    applied only if the error falls under 10 mg and below what it was.
    """
    if len(x) < _FEWEST:
        return _identity(f"it needs {_FEWEST} still epochs, and there are {len(x)}", x)
    for axis, low, high in zip("xyz", x.min(0), x.max(0), strict=True):
        if low > -_REACH or high < _REACH:
            seen = f"those of axis {axis} reach from {low:z.2f} to {high:z.2f} g"
            return _identity(f"it needs still epochs beyond -{_REACH} and {_REACH} g on every axis, and {seen}", x)
    mean = _mean_of(temperature)
    warmth = np.zeros(len(x)) if temperature is None or mean is None else _warmth(temperature, mean)
    offset, scale, slope = _closest_points(x, warmth)
    before, after = _error(x), _error((x + offset) * scale + np.outer(warmth, slope))
    if not after < min(before, _GOOD):  # also if it is NaN
        change = f"from {before * 1000:.1f} to {after * 1000:.1f} mg"
        return _identity(f"its error must fall under {_GOOD * 1000:.0f} mg, and it would go {change}", x)
    return Calibration(_three(offset), _three(scale), _three(slope), mean, before, after, len(x))


def _identity(reason: str, x: Values | None = None) -> Calibration:
    """Nothing is corrected, because of ``reason``; ``x (e 3)`` are the still epochs."""
    error = _error(x) if x is not None and len(x) else None
    return Calibration(before=error, after=error, epochs=0 if x is None else len(x), reason=reason)


def _mean_of(temperature: Values | None) -> float | None:
    """The mean of what is known, None if nothing is."""
    known = temperature[np.isfinite(temperature)] if temperature is not None else np.zeros(0)
    return float(known.mean()) if len(known) else None


def _warmth(temperature: Values, mean: float) -> Values:
    """Deviations from the mean, 0 where the temperature is unknown."""
    return np.where(np.isfinite(temperature), temperature - mean, 0)


def _closest_points(x: Values, warmth: Values) -> tuple[Values, Values, Values]:
    """Offset, scale and slope `(3)` that move ``x (e 3)`` to the unit sphere (van Hees et al. 2014).

    In every round each epoch's closest point on the sphere is regressed on the corrected epoch and the temperature,
    axis by axis. Epochs weigh 1 / their distance from the sphere, at most 1 / .01 g, as in the R package GGIR.
    """
    offset, scale, slope = np.zeros(3), np.ones(3), np.zeros(3)
    weights, last = np.ones(len(x)), np.inf
    for _ in range(_ROUNDS):
        corrected = (x + offset) * scale + np.outer(warmth, slope)
        closest = corrected / np.linalg.norm(corrected, axis=1, keepdims=True)
        root = np.sqrt(weights)
        for axis in range(3):
            design = np.stack([np.ones(len(x)), corrected[:, axis], warmth], axis=1)
            solved = np.linalg.lstsq(design * root[:, None], closest[:, axis] * root, rcond=None)[0]
            scale[axis] *= solved[1]
            offset[axis] += solved[0] / scale[axis]
            slope[axis] = solved[1] * slope[axis] + solved[2]
        distance = np.linalg.norm(corrected - closest, axis=1)
        left = float(np.average(distance**2, weights=weights))
        if abs(last - left) < _CONVERGED:
            break
        weights, last = 1 / np.maximum(distance, _NEAREST), left
    return offset, scale, slope


def _error(x: Values) -> float:
    """Mean of | |x| − 1 | over epochs ``x (e 3)``, in g."""
    return float(np.abs(np.linalg.norm(x, axis=1) - 1).mean())


def _three(values: Values) -> Three:
    x, y, z = values.tolist()
    return x, y, z
