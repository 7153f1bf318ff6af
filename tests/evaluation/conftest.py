"""Small runs on windows of two channels whose frequency is their class, ready for evaluation."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_runs import SHAPES, SIGNAL
from waves import write_waves
from zoo_registry import Registry

from zoo.runs.folder import RunFolder
from zoo.training.fit import train

Train = Callable[..., RunFolder]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 30 windows to train on and 13 to evaluate, some with missing samples."""
    folder = tmp_path_factory.mktemp("judged")
    write_waves(folder / "windows", train=30, test=13, gaps=True)
    return folder


@pytest.fixture(scope="session")
def trained(home: Path) -> Train:
    """Train a model under a name, once."""

    def make(name: str, model: dict[str, Any], **parts: Any) -> RunFolder:
        folder = RunFolder(home / name)
        if folder.run_file.exists():
            return folder
        training = {"epochs": 1, "batch": 10} | parts.pop("training", {})
        data = {"source": {"kind": "data.npy", "path": str(home / "windows"), "layout": "c t"}, "missing": "mask"}
        spec = {"name": name, "model": model, "data": data, "training": training, **parts}
        return train(Registry.discover().run(json.loads(json.dumps(spec))), folder.path, quiet=True)

    return make


@pytest.fixture(scope="session")
def judge(trained: Train) -> RunFolder:
    return trained("judge", SIGNAL)


@pytest.fixture(scope="session")
def rebuilt(trained: Train, judge: RunFolder) -> RunFolder:
    """A VQShape whose reconstructions are read by a frozen copy of the judge."""
    return trained(
        "rebuilt",
        SHAPES | {"head": {"kind": "wrn.recon", "depth": 10}},
        transfer=[{"source": str(judge.bundle), "only": ["head"]}],
        evaluation={"judges": {"wrn": str(judge.bundle)}},
        training={"phases": [{"learn": ["encoder", "quantizer", "decoder"]}]},
    )
