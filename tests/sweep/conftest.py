"""A folder of windows, a small run on it, and sweeps over that run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_runs import SHAPES
from swept import S, Z
from waves import write_waves

from zoo.sweep.plan import Plan, plan_of


@pytest.fixture(scope="session")
def windows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """36 waves to train on, 12 to judge."""
    return write_waves(tmp_path_factory.mktemp("sweep") / "windows", train=36, test=12)


@pytest.fixture(scope="session")
def base(windows: Path) -> dict[str, Any]:
    """Plain data of a run with every kind of objective except a judge."""
    source = {"kind": "data.npy", "path": str(windows), "layout": "c t"}
    weights = {"x": 1, "z": 1, "s": 1, "dist": 0.8, "ce": 1}
    return {
        "model": SHAPES,
        "data": {"source": source},
        "training": {"epochs": 2, "batch": 8, "phases": [{"weights": weights}]},
    }


@pytest.fixture(scope="session")
def sweep_of(base: dict[str, Any]) -> Callable[..., dict[str, Any]]:
    """Plain data of a sweep over the weights of z and s, with some parts given."""
    return lambda **parts: {"name": "small", "run": base, "vary": {Z: [1, 10], S: [1, 5]}} | parts


@pytest.fixture(scope="session")
def plan(sweep_of: Callable[..., dict[str, Any]]) -> Callable[..., Plan]:
    """The same, planned."""
    return lambda **parts: plan_of(sweep_of(**parts))
