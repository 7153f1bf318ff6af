"""What a source gives, checked to be what its contract says."""

from typing import TypeVar

from zoo_registry import PluginError, SourceSpec

from zoo.sources import Extent, RawSet

Given = TypeVar("Given", RawSet, Extent)


def read(source: SourceSpec) -> RawSet:
    """Read a source completely; raise DataError for unreadable data."""
    return _required(source, "read", source.read(), RawSet)


def peek(source: SourceSpec) -> Extent:
    """Channels, length and classes of a source, with as little reading as its files allow."""
    return _required(source, "peek", source.peek(), Extent)


def _required(source: SourceSpec, method: str, given: object, kind: type[Given]) -> Given:
    if not isinstance(given, kind):
        found, hint = type(given).__name__, "repair the plugin: zoo.testing.check_component tests it"
        raise PluginError(f"{source.kind}.{method}", f"a zoo.sources.{kind.__name__}", found, hint)
    return given
