"""Trained models by name or address: the folder of their bundle. Does not import torch."""

import warnings
from contextlib import suppress
from functools import cache
from pathlib import Path

from zoo_registry import MODEL_NAME, OfferedModel, PluginError, Registry, ZooNote, nearest

from zoo.hub.address import HubAddress, is_address
from zoo.hub.download import fetched
from zoo.io.files import current


def folder_named(source: str | Path) -> Path:
    """The folder of the model with the name or address ``source``; ``source`` itself if it exists, or names no model.

    A model at an address on a hub is downloaded if it is not in the cache. Warns and raises as ``model_named`` and
    ``fetched`` do.
    """
    if is_address(source):
        return fetched(HubAddress.parse(source))
    model = model_named(Path(source))
    return Path(source) if model is None else model.folder


def model_named(source: Path) -> OfferedModel | None:
    """The model with the name ``source``; None if there is none, or ``source`` is a path that exists.

    Warns with ZooNote for a path that hides a model of its name. Raises PluginError for a plugin that breaks the
    contract.
    """
    name = str(source)
    if not is_name(source):
        return None
    if current(source).exists():
        with suppress(PluginError):
            if name in Registry.discover().models():
                _note_hidden(name, source.absolute())
        return None
    return Registry.discover().models().get(name)


def is_name(source: Path) -> bool:
    """Whether ``source`` could be the name of a model."""
    return MODEL_NAME.fullmatch(str(source)) is not None


def similar(name: Path) -> str:
    """A hint for a name that no model has: the nearest one."""
    close = nearest(str(name), Registry.discover().models())
    return f"did you mean {close!r}? `zoo models` shows the names" if close else "`zoo models` shows the names"


@cache
def _note_hidden(name: str, place: Path) -> None:
    """Once per process, because a command looks for the same bundle several times."""
    warnings.warn(f"{name} is also the name of a model, but {place} is used", ZooNote, stacklevel=4)
