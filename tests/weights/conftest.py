"""Models of a small installed plugin."""

import copy
from typing import Any

import pytest
import torch

import zoo


@pytest.fixture
def spec(installed_toys) -> dict[str, Any]:
    """A valid model spec of toys, whose plugin is installed."""
    return installed_toys


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
