"""The requirements on a plugin's spec class, checked at registration."""

import inspect
from typing import Any, Literal, get_args, get_origin

from zoo_registry.attributes import Attribute
from zoo_registry.component import ComponentSpec, DecoderSpec, EncoderSpec, HeadSpec, SourceSpec
from zoo_registry.errors import PluginError
from zoo_registry.roles import ROLES


def verify(spec: Any, plugin: str) -> str:
    """The kind of ``spec``; raise PluginError if it is not a complete component of ``plugin``."""
    where = f"plugin {plugin}"
    if not (isinstance(spec, type) and issubclass(spec, ComponentSpec)):
        raise PluginError(where, "spec classes from zoo_components()", repr(spec), "return subclasses of a role's spec")
    where = f"{where}: {spec.__name__}"
    if inspect.isabstract(spec):
        missing = ", ".join(sorted(spec.__abstractmethods__))
        raise PluginError(where, "every abstract method written", f"{missing} missing", "implement it")
    roles = [role for role, base in ROLES.items() if issubclass(spec, base)]
    if len(roles) != 1 or spec.role != roles[0]:
        found = ", ".join(roles) or "none"
        raise PluginError(where, f"a subclass of one role of {', '.join(ROLES)}", found, "derive from a role's spec")
    if not spec.__pydantic_fields_complete__:
        raise PluginError(where, "types that can be resolved", "an undefined name", "import what its fields name")
    if issubclass(spec, SourceSpec):
        if spec.locator not in spec.model_fields:
            raise PluginError(where, f"a field {spec.locator!r}, its locator", "none", "add it, or set locator")
    elif required := [name for name, field in spec.model_fields.items() if field.is_required() and name != "kind"]:
        raise PluginError(where, "a default for every field", f"none for {', '.join(required)}", "give it one")
    _require_attributes(spec, where)
    return _kind(spec, plugin, where)


def _require_attributes(spec: type[ComponentSpec], where: str) -> None:
    """Raise PluginError unless an encoder declares `Attribute`s, and a decoder or a head the names of some."""
    if issubclass(spec, EncoderSpec):
        given: Any = spec.attributes
        if not (isinstance(given, tuple) and all(isinstance(one, Attribute) for one in given)):
            raise PluginError(f"{where}.attributes", "a tuple of Attribute", repr(given), "see zoo_registry.STRETCH")
    elif issubclass(spec, DecoderSpec | HeadSpec):
        needed: Any = spec.needs_attributes
        if not (isinstance(needed, tuple) and all(isinstance(name, str) for name in needed)):
            hint = 'name them, such as ("mu", "sigma")'
            raise PluginError(f"{where}.needs_attributes", "a tuple of names", repr(needed), hint)


def _kind(spec: type[ComponentSpec], plugin: str, where: str) -> str:
    field = spec.model_fields["kind"]
    names = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    if len(names) != 1 or names[0] != field.default or not isinstance(names[0], str):
        hint = f'write kind: Literal["{plugin}.name"] = "{plugin}.name"'
        raise PluginError(f"{where}.kind", "one literal name as its own default", repr(field.annotation), hint)
    kind = str(names[0])
    if not kind.startswith(f"{plugin}.") or kind.count(".") != 1 or kind.endswith("."):
        raise PluginError(
            f"{where}.kind", f"'{plugin}.' and a name", repr(kind), "a kind starts with its plugin's name"
        )
    return kind
