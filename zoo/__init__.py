"""Assemble, train and judge models for wearable-sensor series from plugin components."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoo.codebook.token_file import tokenize as tokenize
    from zoo.model.assembly import ZooModel as ZooModel
    from zoo.model.build import build as build
    from zoo.weights.bundle import load as load
    from zoo.weights.bundle import save as save

__all__ = ["ZooModel", "build", "load", "save", "tokenize"]

_HOMES = {
    "ZooModel": "zoo.model.assembly",
    "build": "zoo.model.build",
    "load": "zoo.weights.bundle",
    "save": "zoo.weights.bundle",
    "tokenize": "zoo.codebook.token_file",
}


def __getattr__(name: str) -> object:
    if name == "__version__":
        from zoo_registry.version import version

        return version()
    # Resolved on use, so that `import zoo` does not import torch.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
