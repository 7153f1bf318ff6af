"""A folder of windows that small models can learn, and specs of small runs on it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from waves import write_waves
from zoo_registry import Registry, RunSpec

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
