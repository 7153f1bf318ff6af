"""The declared type of the field at a path of plain data."""

from collections.abc import Iterator, Mapping, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

Type = Any
"""A class, or an annotation such as `str | None`."""


def inner_type(outer: Type, part: object, name: str) -> Type | None:
    """The type of field ``name`` in ``part``, plain data of the type ``outer``; None if there is no such field.

    In a union of specs, `kind` of ``part`` selects the spec.
    """
    for member in _members(outer):
        arguments = get_args(member)
        if isinstance(member, type) and issubclass(member, BaseModel):
            if name in member.model_fields and _says(part, member):
                return member.model_fields[name].annotation
        elif isinstance(origin := get_origin(member), type) and issubclass(origin, Mapping | Sequence) and arguments:
            return arguments[-1] if issubclass(origin, Mapping) else arguments[0]
    return None


def takes_text_alone(found: Type | None) -> bool:
    """Whether a field of that type takes only text, or text and null."""
    members = [member for member in _members(found) if member is not NoneType] if found is not None else []
    return bool(members) and all(member is str for member in members)


def takes_null(found: Type | None) -> bool:
    """Whether a field of that type may be null."""
    return found is not None and NoneType in _members(found)


def _members(found: Type) -> Iterator[Type]:
    """The members of a union, or the type itself."""
    origin: Any = get_origin(found)
    if origin is Annotated:
        yield from _members(get_args(found)[0])
    elif origin in (Union, UnionType):
        for member in get_args(found):
            yield from _members(member)
    else:
        yield found


def _says(part: object, spec: type[BaseModel]) -> bool:
    """Whether the kind of plain data, if it has one, is that of ``spec``."""
    tag: Type | None = spec.model_fields["kind"].annotation if "kind" in spec.model_fields else None
    if get_origin(tag) is not Literal:
        return True
    given = part if isinstance(part, dict) else {}
    return given.get("kind", get_args(tag)[0]) in get_args(tag)
