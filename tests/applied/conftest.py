"""Runs on waves of two axes, with and without a codebook, and recordings that are read as files."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from laid import MODELS, RATE
from made import MadeReader, MadeRecording
from waves import write_waves
from zoo_registry import Registry

from zoo.cli.main import main
from zoo.training.fit import train


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `windows`, which name their axes, rate and unit, and a run of each of `MODELS`."""
    folder = tmp_path_factory.mktemp("applied")
    windows = write_waves(folder / "windows", train=30, test=12)
    (windows / "windows.json").write_text(json.dumps({"channels": ["x", "y"], "rate": RATE, "units": "g"}))
    (windows / "classes.txt").write_text("slow\nfast\nfaster\n")
    source = {"kind": "data.npy", "path": str(windows), "layout": "c t", "classes": "classes.txt"}
    for name, model in MODELS.items():
        spec = {"model": model, "data": {"source": source}, "training": {"epochs": 3, "batch": 6}}
        train(Registry.discover().run(spec), folder / name, quiet=True)
    return folder


@pytest.fixture(scope="session")
def x(home: Path) -> np.ndarray:
    """The windows `(n c t)` that the runs were judged on."""
    return np.load(home / "windows" / "X_test.npy")


Record = Callable[..., list[Path]]


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Record:
    """Make recordings readable as files, by their names."""

    def record(**recordings: MadeRecording) -> list[Path]:
        files = {f"{name}.made": recording for name, recording in recordings.items()}
        reader = MadeReader(tmp_path, files)
        monkeypatch.setattr(Registry, "recording_readers", lambda registry: [reader])
        return [tmp_path / name for name in files]

    return record


@pytest.fixture
def zoo(capsys):
    """Run one command line in this process: its status, output and errors."""

    def run(*arguments):
        capsys.readouterr()
        return main([*map(str, arguments)]), *capsys.readouterr()

    return run
