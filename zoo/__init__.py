"""Assemble, train and judge models for wearable-sensor series from plugin components."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoo.assembly import ZooModel as ZooModel
    from zoo.builder import build as build
    from zoo.token_file import tokenize as tokenize
    from zoo.weights.bundle import load as load
    from zoo.weights.bundle import save as save

__all__ = ["ZooModel", "build", "load", "save", "tokenize"]

_HOMES = {
    "ZooModel": "zoo.assembly",
    "build": "zoo.builder",
    "load": "zoo.weights.bundle",
    "save": "zoo.weights.bundle",
    "tokenize": "zoo.token_file",
}


def __getattr__(name: str) -> object:
    # Resolved on use, so that `import zoo` does not import torch.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
