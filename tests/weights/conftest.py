"""Models of a small installed plugin."""

import copy
from pathlib import Path
from typing import Any

import pytest
import torch

import zoo

TOYS = Path(__file__).parents[1] / "registry" / "toy_plugin.py"


@pytest.fixture
def spec(install) -> dict[str, Any]:
    """A valid model spec of toys, whose plugin is installed."""
    install("toy", TOYS.read_text())
    return {
        "input": {"channels": 3, "length": 32, "classes": 4},
        "encoder": {"kind": "toy.patches"},
        "quantizer": {"kind": "toy.signs"},
        "decoder": {"kind": "toy.unpatches"},
        "head": {"kind": "toy.mean"},
    }


@pytest.fixture
def make(spec):
    """Build the spec with some fields of some components changed."""

    def make(seed: int = 0, **changes: dict[str, Any]) -> zoo.ZooModel:
        changed = copy.deepcopy(spec)
        for part, fields in changes.items():
            changed[part] |= fields
        torch.manual_seed(seed)
        return zoo.build(changed)

    return make
