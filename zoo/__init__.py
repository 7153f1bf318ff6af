"""Assemble, train and judge models for wearable-sensor series from plugin components.

run = zoo.train("run.json")            # or zoo.Run("runs/NAME"), trained before
run.evaluate().head                    # also run.spec, run.model, run.metrics, run.codebook(), run.report()
model = zoo.load("runs/NAME")          # a ZooModel, which is a torch.nn.Module; also by a name in zoo.models()
for window in zoo.apply("runs/NAME", "wrist.bin"): ...   # predictions over a whole recording
zoo.components("head")                 # what is installed; zoo.check(spec) and zoo.build(spec) take any of it
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoo.api.models import models as models
    from zoo.api.run import Run as Run
    from zoo.api.run import train as train
    from zoo.api.specs import check as check
    from zoo.api.specs import components as components
    from zoo.applied.apply import apply as apply
    from zoo.codebook.token_file import tokenize as tokenize
    from zoo.model.assembly import ZooModel as ZooModel
    from zoo.model.build import build as build
    from zoo.weights.bundle import load as load
    from zoo.weights.bundle import save as save

    __version__: str

__all__ = [
    "Run",
    "ZooModel",
    "__version__",
    "apply",
    "build",
    "check",
    "components",
    "load",
    "models",
    "save",
    "tokenize",
    "train",
]

_HOMES = {
    "Run": "zoo.api.run",
    "ZooModel": "zoo.model.assembly",
    "apply": "zoo.applied.apply",
    "build": "zoo.model.build",
    "check": "zoo.api.specs",
    "components": "zoo.api.specs",
    "load": "zoo.weights.bundle",
    "models": "zoo.api.models",
    "save": "zoo.weights.bundle",
    "tokenize": "zoo.codebook.token_file",
    "train": "zoo.api.run",
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


def __dir__() -> list[str]:
    return sorted(__all__)
