"""A folder with one of every file that the zoo writes, made once."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from small_runs import SHAPES, SIGNAL
from waves import write_waves

from zoo.cli.main import main


def source(home: Path) -> dict[str, Any]:
    """Plain data of the windows in ``home``."""
    return {"source": {"kind": "data.npy", "path": str(home / "windows"), "layout": "c t"}}


def run_spec(home: Path, name: str, model: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """Plain data of a run of one epoch."""
    training = {"epochs": 1, "batch": 10} | parts.pop("training", {})
    return {"name": name, "model": model, "data": source(home), "training": training, **parts}


def zoo(*arguments: str | Path) -> None:
    """A command that must succeed."""
    assert main([str(argument) for argument in arguments]) == 0


@pytest.fixture
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The working directory is an empty folder, and still empty after the test."""
    folder = tmp_path / "empty"
    folder.mkdir()
    monkeypatch.chdir(folder)
    yield
    assert list(folder.iterdir()) == []


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Windows, and specs of runs on them."""
    home = tmp_path_factory.mktemp("own")
    write_waves(home / "windows", train=30, test=12)
    signal = home / "signal"
    specs = {
        "signal": run_spec(home, "signal", SIGNAL),
        "shapes": run_spec(
            home, "shapes", SHAPES | {"head": {"kind": "wrn.recon", "depth": 10}},
            evaluation={"judges": {"wrn": str(signal), "tree": "sklearn.DecisionTreeClassifier"}},
            transfer=[{"source": str(signal), "only": ["head"]}],
        ),
        "bag": run_spec(home, "bag", {"head": {"kind": "bag.signal"}}),
        "swept": run_spec(home, "swept", SHAPES, training={"phases": [{"weights": {"x": 1, "z": 1, "ce": 1}}]}),
    }  # fmt: skip
    for name, spec in specs.items():
        (home / f"{name}.json").write_text(json.dumps(spec))
    vary = {"training.phases.0.weights.z": [1, 10]}
    (home / "sweep.json").write_text(json.dumps({"name": "sweep", "run": str(home / "swept.json"), "vary": vary}))
    return home


@pytest.fixture(scope="session")
def runs(home: Path) -> Path:
    """The runs: trained, evaluated, measured, explained and reported."""
    for name in ("signal", "shapes", "bag"):
        zoo("train", home / f"{name}.json", "--out", home / name)
        zoo("eval", home / name)
    zoo("codebook", home / "shapes")
    zoo("explain", home / "bag", "--window", "0")
    zoo("report", home / "signal", home / "shapes", "--out", home / "both")
    return home


@pytest.fixture(scope="session")
def swept(home: Path) -> Path:
    """The finished sweep; returns its folder."""
    zoo("sweep", home / "sweep.json", "--out", home / "swept")
    return home / "swept"
