"""Files as PAMAP2 has them, and what their lines say."""

import gzip
from pathlib import Path

import numpy as np
import pytest

GOLDEN = Path(__file__).parents[2].parent / "shared" / "golden" / "pamap2"
NO_CHANNELS = [0, 1, *range(16, 20), *range(33, 37), *range(50, 54)]
"""Time, activity and orientations."""


def table(samples: int, seed: int = 0, activities: tuple[int, ...] = (0, 1, 24)) -> np.ndarray:
    """Values of a file `(n 54)` with one decimal; a quarter of them are missing."""
    rng = np.random.default_rng(seed)
    found = rng.integers(-500, 1500, (samples, 54)) / 10
    found[rng.random(found.shape) < 0.25] = np.nan
    found[:, 0] = np.round(8.38 + np.arange(samples) / 100, 2)
    found[:, 1] = np.repeat(activities, -(-samples // len(activities)))[:samples]
    return found


def lines_of(values: np.ndarray) -> list[str]:
    starts = [f"{time:.2f} {activity:.0f} " for time, activity in values[:, :2]]
    rest = [" ".join("NaN" if np.isnan(value) else f"{value:g}" for value in row[2:]) for row in values]
    return [start + cells for start, cells in zip(starts, rest, strict=True)]


def channels(values: np.ndarray) -> np.ndarray:
    """The channels `(t c)` of these rows; the heart rate is the last one measured."""
    found = np.delete(values, NO_CHANNELS, axis=1)
    for row in range(1, len(found)):
        if np.isnan(found[row, 0]):
            found[row, 0] = found[row - 1, 0]
    return found


def save(file: Path, lines: list[str], end: str = "\n") -> Path:
    file.write_text("\n".join(lines) + end)
    return file


def unpacked(name: str, folder: Path) -> Path:
    """The reference file ``name`` in ``folder``; skips where the reference files are missing."""
    packed = GOLDEN / f"{name}.dat.gz"
    if not packed.exists():
        pytest.skip("../shared with the reference files is not here")
    file = folder / f"{name}.dat"
    file.write_bytes(gzip.decompress(packed.read_bytes()))
    return file
