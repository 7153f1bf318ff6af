"""Signals for the small data sets of the data tests."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

Write = Callable[..., Path]


def waves(n: int, channels: int, length: int, seed: int = 0) -> np.ndarray:
    """Smooth windows `(n c t)`, each with its own phases."""
    draw = np.random.default_rng(seed)
    phase = draw.uniform(0, 6, (n, channels, 1))
    return (np.sin(np.linspace(0, 9, length) + phase) + 3 * np.arange(channels)[:, None]).astype(np.float32)
