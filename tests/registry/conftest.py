"""A registry of toy components and specs made of them."""

from typing import Any

import pytest
import toy_plugin
import zoo_data
from zoo_registry import Registry


@pytest.fixture
def toys() -> Registry:
    """A registry that holds the toy plugin and the data sources only."""
    registry = Registry()
    registry.register(zoo_data, "data", "0.1")
    registry.register(toy_plugin, "toy", "0.1")
    return registry


@pytest.fixture
def model(toy_model) -> dict[str, Any]:
    """A valid model spec of toys."""
    return toy_model


@pytest.fixture
def run(model: dict[str, Any]) -> dict[str, Any]:
    """A valid run spec of toys."""
    return {"model": model, "data": {"source": {"kind": "data.npy", "path": "set", "layout": "c t"}}}
