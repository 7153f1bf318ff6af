"""Runs with teachers on a folder of waves with subjects; `home` of the conftest holds windows and teachers."""

from pathlib import Path
from typing import Any

import numpy as np
from small_runs import SIGNAL
from zoo_registry import Registry

from zoo.runs.data import load_set
from zoo.teachers.logits_file import LogitsFile

LOGITS, MAPS = {"kind": "distill.logits"}, {"kind": "distill.similarity"}
IMAGE = {"image": {"kind": "images.gaf", "size": 8}, "head": {"kind": "wrn.image", "depth": 10}}
PRIOR = {"signal": 0.6, "image": 0.4}
GATE = {"kind": "weigh.learned"}
WEIGHTS = {"ce": 0.3, "kd": 0.7, "sp": 100}


def spec(home: Path, model: Any = SIGNAL, training: Any = None, windows: str = "windows", **parts: Any) -> Any:
    source = {"kind": "data.npy", "path": str(home / windows), "layout": "c t", "subject": "subject"}
    return {
        "model": model,
        "data": {"source": source},
        "training": {"epochs": 2, "batch": 6} | (training or {}),
        **parts,
    }


def run(*given: Any, **parts: Any) -> Any:
    return Registry.discover().run(spec(*given, **parts))


def student(home: Path, distill: Any = (LOGITS, MAPS), training: Any = None, **parts: Any) -> Any:
    """A run with both teachers; its phase weighs every term of ``distill``."""
    terms = {term for one in distill for term in Registry.discover().find(one["kind"]).terms}
    weighed = {"phases": [{"weights": {term: WEIGHTS[term] for term in ("ce", *sorted(terms))}}]}
    teachers = {
        "signal": {"source": str(home / "signal"), "weight": 0.6},
        "image": {"source": str(home / "image"), "weight": 0.4},
    }
    parts = {"teachers": teachers, "distill": list(distill), **parts}
    return spec(home, SIGNAL, weighed | (training or {}), **parts)


def logits_file(home: Path, path: Path, **changes: Any) -> str:
    """A file of logits that name the true class of every training window."""
    data = load_set(run(home))
    right = 5 * np.eye(len(data.classes), dtype=np.float32)[data.train.y]
    LogitsFile(**{"train": right, "classes": data.classes, "fingerprint": data.fingerprint} | changes).write(path)
    return str(path)
