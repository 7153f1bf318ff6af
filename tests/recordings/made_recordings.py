"""Made recordings: still epochs of a device with known errors, and a day with known wear.

Both draw the numbers that the reference file `recording.npz` was made from: seed 5, first epochs, then the day.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from zoo_registry import Block

from zoo.recordings.epochs import Bins, Epochs

Values = NDArray[np.float64]

AXES = ("x", "y", "z")
RATE = 10
PARTS = [("worn", 180), ("off", 130), ("worn", 120), ("sleep", 150), ("off", 45), ("worn", 95), ("off", 200)]
"""What happens in the day, and for how many minutes."""
SCALE, OFFSET, SLOPE = (np.array(v) for v in ([1.02, 0.985, 1.01], [-0.03, 0.02, 0.015], [0.0008, -0.0005, 0.0003]))
"""Corrected = (x + OFFSET) SCALE + SLOPE (T - mean T)."""
_REFERENCE = Path(__file__).parents[2].parent / "shared" / "golden" / "recording" / "recording.npz"
_SIDES = [[0, 0, 1], [1, 0, 0], [0, -1, 0]]


class Made(NamedTuple):
    """Means of 10-s epochs `(e c)` in g, their temperature `(e)` in °C, and a day `(c t)` at `RATE`."""

    epochs: Values
    temperature: Values
    day: Values


@cache
def made() -> Made:
    """The numbers of the reference file; all tests share them, and none may change them."""
    rng = np.random.default_rng(5)
    size, free = 2000, 500
    anywhere = rng.normal(size=(free, 3))
    sides = rng.normal(0, 0.05, (size - free, 3)) + rng.choice(_SIDES, size - free)
    direction = np.concatenate([anywhere, sides])
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    temperature = 25 + 6 * rng.random(size)
    epochs = distorted(direction, temperature) + rng.normal(0, 0.002, (size, 3))
    # The reference stores the day in single precision.
    day = np.concatenate([_part(rng, kind, minutes) for kind, minutes in PARTS]).astype(np.float32).astype(np.float64)
    return Made(epochs, temperature, day.T)


def distorted(direction: Values, temperature: Values) -> Values:
    """What the device with errors measures in orientations `(e c)`."""
    return (direction - SLOPE * (temperature - temperature.mean())[:, None]) / SCALE - OFFSET


def _part(rng: np.random.Generator, kind: str, minutes: int) -> Values:
    size = minutes * 60 * RATE
    base = _direction(rng)
    if kind == "worn":
        active = np.arange(size)[:, None] // (60 * RATE) % 3 > 0
        return base + 0.15 * rng.normal(size=(size, 3)) * active + 0.02 * rng.normal(size=(size, 3))
    signal = base + 0.004 * rng.normal(size=(size, 3))
    if kind == "sleep":
        turn = 20 * 60 * RATE
        for start in range(0, size, turn):
            turned = _direction(rng)
            signal[start : start + turn] += turned - base
            base = turned
    return signal


def _direction(rng: np.random.Generator) -> Values:
    drawn = rng.normal(size=3)
    return drawn / np.linalg.norm(drawn)


def reference() -> dict[str, NDArray[np.generic]]:
    """The reference file; the test is skipped where it is absent."""
    if not _REFERENCE.exists():
        pytest.skip("no ../shared/golden/recording")
    return dict(np.load(_REFERENCE))


def blocks(time: Values, x: Values, side: dict[str, Values] | None = None, cuts: Sequence[int] = ()) -> Iterator[Block]:
    """Samples ``x (c t)`` in blocks that end before each of the sorted ``cuts``; equal cuts give an empty block."""
    edges = [0, *cuts, x.shape[1]]
    for start, end in pairwise(edges):
        part = slice(start, end)
        yield Block(time[part], x[:, part], {name: values[part] for name, values in (side or {}).items()}, start > 0)


def epochs_of(x: Values, seconds: float, rate: float = RATE, time: Values | None = None) -> Epochs:
    """Epochs of acceleration ``x (c t)``, in blocks of 10,000 samples."""
    bins = Bins(seconds, rate, AXES[: len(x)])
    time = np.arange(x.shape[1]) / rate if time is None else time
    for block in blocks(time, x, cuts=range(10_000, x.shape[1], 10_000)):
        bins.add(block)
    return bins.epochs()
