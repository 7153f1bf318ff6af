"""Windows that small models can learn: waves of two channels whose frequency is their class."""

from pathlib import Path

import numpy as np

CLASSES, LENGTH = 3, 40


def write_waves(folder: Path, train: int, test: int, gaps: bool = False) -> Path:
    """Write the given numbers of windows; with ``gaps``, some samples of every fourth are missing."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    for name, count in (("train", train), ("test", test)):
        y = np.arange(count) % CLASSES
        time, phase = np.linspace(0, 1, LENGTH), rng.uniform(0, 6, (count, 2, 1))
        x = np.sin(2 * np.pi * (1 + y[:, None, None]) * time + phase) + 0.1 * rng.normal(size=(count, 2, LENGTH))
        if gaps:
            x[::4, 0, 7:11] = np.nan
        np.save(folder / f"X_{name}.npy", x.astype(np.float32))
        np.save(folder / f"y_{name}.npy", y)
    return folder
