"""The hooks a plugin may implement."""

from collections.abc import Iterable

import pluggy

from zoo_registry.component import ComponentSpec

PROJECT = "zoo"
GROUP = "zoo.plugins"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def zoo_components() -> Iterable[type[ComponentSpec]]:  # type: ignore[empty-body]
    """Return the spec classes this plugin provides."""
