"""A folder with one of every file that the zoo writes, made once."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from forked import Forked
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


def write_specs(home: Path) -> None:
    """Windows, and specs of runs on them."""
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


def train_runs(home: Path) -> None:
    write_specs(home)
    for name in ("signal", "shapes", "bag"):
        zoo("train", home / f"{name}.json", "--out", home / name)
        zoo("eval", home / name)
    zoo("codebook", home / "shapes")
    zoo("explain", home / "bag", "--window", "0")
    zoo("report", home / "signal", home / "shapes", "--out", home / "both")


def sweep(home: Path) -> None:
    write_specs(home)
    status, said = Forked(["sweep", "sweep.json", "--out", "swept"], home / "said", home).ended()
    assert status == 0, said


@pytest.fixture(scope="session")
def runs(once: Any) -> Path:
    """A folder with runs: trained, evaluated, measured, explained and reported."""
    return once("hostile-runs", train_runs)


@pytest.fixture(scope="session")
def swept(once: Any) -> Path:
    """The folder of a finished sweep; its spec is beside it."""
    return once("hostile-sweep", sweep) / "swept"
