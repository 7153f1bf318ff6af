"""Runs small enough to train in a test, with hostile names."""

import json
from pathlib import Path
from typing import Any

from small_runs import SHAPES
from zoo_registry import Registry

from zoo.runs.folder import RunFolder
from zoo.training.fit import train

NAMES = ["<script>alert(1)</script>", "walk & run", "price $5 or $6"]


def spec(home: Path, name: str, model: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """Plain data of a run of three epochs in two phases."""
    source = {"kind": "data.npy", "path": str(home / "windows"), "layout": "c t", "classes": "names.txt"}
    phases = [{"name": "first <b>part</b>", "length": 2}, {"name": "second"}]
    training = {"epochs": 3, "batch": 6, "phases": phases} | parts.pop("training", {})
    return {"name": name, "model": model, "data": {"source": source}, "training": training, **parts}


def trained(home: Path, data: dict[str, Any]) -> RunFolder:
    """The folder of the trained run."""
    return train(Registry.discover().run(data), home / "runs" / data["name"], quiet=True)


REBUILT: dict[str, Any] = SHAPES | {"head": {"kind": "wrn.recon", "depth": 10}}


def stored(folder: RunFolder) -> dict[str, Any]:
    """The content of `eval.json`."""
    found: dict[str, Any] = json.loads(folder.evaluation("test").read_text())
    return found
