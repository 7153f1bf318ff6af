"""Change single fields of a spec's plain data, as in `--set training.optimizer.lr=0.001`."""

import copy
import json
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from zoo_registry import SpecError
from zoo_registry.earlier import respelled, respelled_change

from zoo.specs.field_types import Type, inner_type, takes_null, takes_text_alone


def apply_changes(
    data: dict[str, Any], changes: Iterable[str], complete: dict[str, Any], spec: type[BaseModel] | None = None
) -> dict[str, Any]:
    """``data`` with every ``PATH=VALUE`` of ``changes`` applied.

    A value is JSON, else a string; for a text field of ``spec``, the type of ``data``, `2024` is text too. A path
    consists of names and list positions. Parts that ``data`` leaves out are taken from ``complete``, the spec with its
    defaults, so that one field of a default can be changed. Raises SpecError for a path that does not exist.
    """
    changed: dict[str, Any] = respelled(copy.deepcopy(data))
    for change in changes:
        path, sign, text = change.partition("=")
        if not sign or not path:
            raise SpecError("--set", "PATH=VALUE", repr(change), "write it like training.epochs=5")
        names = path.split(".")
        value = _value(text, _type(spec, changed, complete, names))
        path, value = respelled_change(path, value)
        _set(changed, complete, path.split("."), value, path)
    return changed


def _value(text: str, wanted: Type | None) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if isinstance(value, str) or (value is None and takes_null(wanted)):
        return value
    return text if takes_text_alone(wanted) else value


def _type(found: Type | None, part: Any, complete: Any, names: list[str]) -> Type | None:
    """The type of the field at the path ``names``, or None if unknown."""
    for name in names:
        if found is None:
            return None
        said = complete if part is None else part
        found = inner_type(found, said, name)
        part, complete = (_get(given, _position(given, name)) for given in (part, complete))
    return found


def _position(part: Any, name: str) -> str | int:
    return int(name) if isinstance(part, list) and name.isdecimal() else name


def _set(part: Any, complete: Any, names: list[str], value: Any, path: str) -> None:
    first, rest = names[0], names[1:]
    key = _key(part, first, path)
    default = _get(complete, key)
    if not rest:
        part[key] = value
        return
    if isinstance(part, dict) and part.get(first) is None:
        if not isinstance(default, dict | list):
            raise SpecError(
                f"--set {path}", f"a part named {first!r} to change", "none", "`zoo schema run` shows paths"
            )
        part[first] = copy.deepcopy(default)
    _set(part[key], default, rest, value, path)


def _key(part: Any, name: str, path: str) -> str | int:
    if isinstance(part, dict):
        return name
    if isinstance(part, list) and name.isdecimal() and int(name) < len(part):
        return int(name)
    found = f"a list of {len(part)}" if isinstance(part, list) else repr(part)
    raise SpecError(f"--set {path}", f"{name!r} inside an object or list", found, "`zoo schema run` shows paths")


def _get(complete: Any, key: str | int) -> Any:
    if isinstance(complete, dict):
        return complete.get(str(key))
    return complete[key] if isinstance(complete, list) and isinstance(key, int) and key < len(complete) else None
