"""Spec types narrowed to the available components, so that pydantic and editors know every field."""

from collections.abc import Mapping, Sequence
from functools import cache, reduce
from operator import or_
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import Field, create_model

from zoo_registry.component import ComponentSpec, Home, Spec
from zoo_registry.data import DataSpec
from zoo_registry.model import ModelSpec
from zoo_registry.roles import ROLES, inner_roles, roles_of
from zoo_registry.run import RunSpec

HOMES: Mapping[Home, type[Spec]] = {"model": ModelSpec, "data": DataSpec, "run": RunSpec}

Kinds = tuple[tuple[str, tuple[type[ComponentSpec], ...]], ...]
"""The available spec classes of every role."""


def narrow(home: Home, kinds: Kinds) -> type[Spec]:
    """The spec of ``home`` whose components are unions of ``kinds``, discriminated by `kind`; a run's parts too.

    Equal kinds of a home give the same class, whatever kinds other homes have: specs of one class can be compared.
    """
    parts = tuple((part, narrow(part, kinds)) for part in HOMES if part != "run") if home == "run" else ()
    roles = (*roles_of("component"), *roles_of(home))
    known = dict(kinds)
    return _narrow(home, tuple((role, known[role]) for role in roles if known.get(role)), parts)


@cache
def _narrow(home: Home, kinds: Kinds, parts: tuple[tuple[Home, type[Spec]], ...]) -> type[Spec]:
    types: dict[type[Spec], Any] = {HOMES[part]: narrowed for part, narrowed in parts}
    for role, specs in kinds:
        whole = [replaced(spec, types) for spec in specs]  # components may contain others
        if flat := [spec for spec in whole if role not in inner_roles(spec).values()]:
            types[ROLES[role]] = _union(flat)  # one of their own role contains only those that contain none of it
        types[ROLES[role]] = _union([replaced(spec, types) for spec in whole])
    return replaced(HOMES[home], types)


def _union(specs: Sequence[type[Spec]]) -> Any:
    return Annotated[reduce(or_, specs), Field(discriminator="kind")]


def replaced(spec: type[Spec], types: Mapping[type[Spec], Any]) -> type[Spec]:
    """A subclass of ``spec`` with other types of fields, also inside of unions and of lists; else ``spec`` itself."""
    fields: dict[str, Any] = {}
    for name, field in spec.model_fields.items():
        if (new := _replaced(field.annotation, types)) is not field.annotation:
            bounded = Annotated[new, *field.metadata] if field.metadata else new
            fields[name] = (bounded, ... if field.is_required() else field.default)
    if not fields:
        return spec
    return create_model(spec.__name__, __base__=spec, __doc__=spec.__doc__, **fields)


def _replaced(annotation: Any, types: Mapping[type[Spec], Any]) -> Any:
    if isinstance(annotation, type):
        return types.get(annotation, annotation)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        new = _replaced(arguments[0], types)
        return annotation if new is arguments[0] else new
    inner = tuple(_replaced(argument, types) for argument in arguments)
    if all(new is old for new, old in zip(inner, arguments, strict=True)):
        return annotation
    return reduce(or_, inner) if origin in (Union, UnionType) else origin[inner]
