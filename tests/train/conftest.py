"""A folder of windows that small models can learn, and specs of small runs on it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from zoo_registry import Registry, RunSpec

CLASSES, LENGTH = 3, 40
Make = Callable[..., RunSpec]


@pytest.fixture
def windows(tmp_path: Path) -> Path:
    """Waves of two channels whose frequency is their class: 30 to train on, 12 to judge."""
    rng, folder = np.random.default_rng(0), tmp_path / "windows"
    folder.mkdir()
    for name, count in (("train", 30), ("test", 12)):
        y = np.arange(count) % CLASSES
        time, phase = np.linspace(0, 1, LENGTH), rng.uniform(0, 6, (count, 2, 1))
        x = np.sin(2 * np.pi * (1 + y[:, None, None]) * time + phase) + 0.1 * rng.normal(size=(count, 2, LENGTH))
        np.save(folder / f"X_{name}.npy", x.astype(np.float32))
        np.save(folder / f"y_{name}.npy", y)
    return folder


@pytest.fixture
def spec_of(windows: Path) -> Callable[..., dict[str, Any]]:
    """Plain data of a run on ``windows``, with parts of it given."""

    def make(model: dict[str, Any], training: dict[str, Any], **parts: Any) -> dict[str, Any]:
        data = {"source": {"format": "npy", "path": str(windows), "layout": "c t"}}
        return {"model": model, "data": data, "training": {"epochs": 2, "batch": 6} | training, **parts}

    return make


@pytest.fixture
def run_of(spec_of: Callable[..., dict[str, Any]]) -> Make:
    """The same, validated."""
    return lambda model, training, **parts: Registry.discover().run(spec_of(model, training, **parts))
