"""The hooks a plugin may implement."""

from collections.abc import Iterable

import pluggy

from zoo_registry.component import ComponentSpec
from zoo_registry.importer import Importer
from zoo_registry.models import ModelCard
from zoo_registry.recordings import RecordingReader

PROJECT = "zoo"
GROUP = "zoo.plugins"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def zoo_components() -> Iterable[type[ComponentSpec]]:  # type: ignore[empty-body]
    """Return the spec classes this plugin provides."""


@hookspec
def zoo_importer() -> Importer:  # type: ignore[empty-body]
    """Return the importer for weights trained elsewhere, for `zoo import` with the plugin's name; optional."""


@hookspec
def zoo_recordings() -> Iterable[RecordingReader]:  # type: ignore[empty-body]
    """Return readers of recordings, for `zoo recording`; optional."""


@hookspec
def zoo_models() -> Iterable[ModelCard]:  # type: ignore[empty-body]
    """Return the cards of trained models in the plugin's package, for `zoo models`; optional."""
