"""Bring series to one length; NaN means unobserved."""

import numpy as np
from zoo_registry import DataError
from zoo_registry.data import LengthSpec

from zoo.sources.raw import Array


def interpolate(x: Array, to: int) -> Array:
    """`(... t) -> (... to)`: linear between samples, both spanning [0, 1]; end points are kept.

    A new sample is NaN if a sample it is interpolated from is NaN.
    """
    at = np.linspace(0, x.shape[-1] - 1, to)
    left, right = np.floor(at).astype(np.intp), np.ceil(at).astype(np.intp)
    before, after = x[..., left], x[..., right]
    share = (at - left).astype(x.dtype)
    drawn: Array = before + share * (after - before)
    return drawn


def pad(x: Array, to: int) -> Array:
    """`(... t) -> (... to)`: NaN after the last sample."""
    return np.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, to - x.shape[-1])], constant_values=np.nan)


def crop(x: Array, to: int) -> Array:
    """`(... t) -> (... to)`: the middle of the series."""
    start = (x.shape[-1] - to) // 2
    return x[..., start : start + to]


def to_length(x: Array, step: LengthSpec) -> Array:
    """Floating `(... t) -> (... step.to)`; call ``require_fit`` first."""
    return {"interpolate": interpolate, "pad": pad, "crop": crop}[step.method](x, step.to)


def require_fit(shortest: int, longest: int, step: LengthSpec, where: str) -> None:
    """Raise DataError if a series is too long to be padded or too short to be cropped to ``step.to``."""
    if step.method == "pad" and longest > step.to:
        hint = "raise data.length.to, or use crop or interpolate"
        raise DataError(where, f"at most {step.to} samples to pad", f"a series of {longest}", hint)
    if step.method == "crop" and shortest < step.to:
        hint = "lower data.length.to, or use pad or interpolate"
        raise DataError(where, f"at least {step.to} samples to crop", f"a series of {shortest}", hint)
