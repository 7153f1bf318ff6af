"""A folder of windows that small models can learn, and specs of small runs on it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_runs import SIGNAL
from taught import IMAGE, run
from waves import write_waves
from zoo_registry import Registry, RunSpec

from zoo.runs.folder import RunFolder
from zoo.training.fit import train

Make = Callable[..., RunSpec]


@pytest.fixture
def windows(tmp_path: Path) -> Path:
    """30 waves to train on, 12 to judge."""
    return write_waves(tmp_path / "windows", train=30, test=12)


@pytest.fixture
def spec_of(windows: Path) -> Callable[..., dict[str, Any]]:
    """Plain data of a run on ``windows``, with parts of it given."""

    def make(model: dict[str, Any], training: dict[str, Any], **parts: Any) -> dict[str, Any]:
        data = {"source": {"kind": "data.npy", "path": str(windows), "layout": "c t"}}
        return {"model": model, "data": data, "training": {"epochs": 2, "batch": 6} | training, **parts}

    return make


@pytest.fixture
def run_of(spec_of: Callable[..., dict[str, Any]]) -> Make:
    """The same, validated."""
    return lambda model, training, **parts: Registry.discover().run(spec_of(model, training, **parts))


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Windows with subjects, and two teachers trained on them: `signal` and `image`."""
    folder = tmp_path_factory.mktemp("taught")
    windows = write_waves(folder / "windows", train=30, test=12)
    for split, count, first in (("train", 30, 0), ("test", 12, 6)):
        np.save(windows / f"subject_{split}.npy", first + np.arange(count) // 5)
    for name, model in (("signal", SIGNAL), ("image", IMAGE)):
        train(run(folder, model), folder / name, quiet=True)
    return folder


@pytest.fixture
def fit(tmp_path: Path) -> Callable[..., RunFolder]:
    def fit(plain: Any, name: str = "student") -> RunFolder:
        return train(Registry.discover().run(plain), tmp_path / name, quiet=True)

    return fit
