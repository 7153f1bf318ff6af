"""What the hooks of plugins return, checked."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

import pluggy

from zoo_registry.errors import PluginError, show
from zoo_registry.importer import Importer

Offer = TypeVar("Offer")


def called(implementation: pluggy.HookImpl, hook: str, what: str) -> object:
    """What an implementation of the hook returns. Raises PluginError if it raises anything."""
    try:
        return implementation.function()
    except Exception as error:  # a third-party hook may raise anything
        words = f"{type(error).__name__}: {error}"
        plugin = f"plugin {implementation.plugin_name}"
        raise PluginError(plugin, f"{what} from {hook}()", words, "repair the plugin") from error


def offers(implementation: pluggy.HookImpl, hook: str, kind: type[Offer]) -> Iterator[Offer]:
    """What an implementation of ``hook`` returns: instances of ``kind``. Raises PluginError for anything else."""
    given = called(implementation, hook, f"a list of {kind.__name__}")
    for offer in given if isinstance(given, Iterable) else [given]:
        if not isinstance(offer, kind):
            hint = f"return instances of zoo_registry.{kind.__name__}"
            plugin = f"plugin {implementation.plugin_name}"
            raise PluginError(plugin, f"a list of {kind.__name__} from {hook}()", show(offer), hint)
        yield offer


def importer_of(implementation: pluggy.HookImpl, plugin: str) -> Importer:
    """The importer that an implementation of `zoo_importer` returns. Raises PluginError."""
    found = called(implementation, "zoo_importer", "an importer")
    if not isinstance(found, Importer):
        hint = "return an instance of a subclass of zoo_registry.Importer"
        raise PluginError(f"plugin {plugin}", "an importer from zoo_importer()", show(found), hint)
    return found
