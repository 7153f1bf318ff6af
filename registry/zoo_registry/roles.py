"""All roles, and the part of a run spec where the components of each are."""

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from zoo_registry.component import (
    ComponentSpec,
    DecoderSpec,
    DistillerSpec,
    EncoderSpec,
    FusionSpec,
    HeadSpec,
    Home,
    ImageSpec,
    QuantizerSpec,
    SourceSpec,
    Spec,
    WeigherSpec,
)
from zoo_registry.text import EmbedSpec, TextSpec

_ROLES: tuple[type[ComponentSpec], ...] = (
    FusionSpec,
    ImageSpec,
    EncoderSpec,
    QuantizerSpec,
    DecoderSpec,
    HeadSpec,
    TextSpec,
    EmbedSpec,
    SourceSpec,
    DistillerSpec,
    WeigherSpec,
)
ROLES: Mapping[str, type[ComponentSpec]] = {spec.role: spec for spec in _ROLES}


def roles_of(home: Home) -> list[str]:
    """The roles with a field in that part of a run spec; those of a model are in the order of its forward pass."""
    return [role for role, spec in ROLES.items() if spec.home == home]


def inner_roles(spec: type[Spec]) -> dict[str, str]:
    """The fields of ``spec`` that hold other components, each with their role."""
    found = ((name, role) for name, field in spec.model_fields.items() for role in _roles_in(field.annotation))
    return dict(found)


def _roles_in(annotation: Any) -> Iterator[str]:
    if isinstance(annotation, type):
        yield from (role for role, base in ROLES.items() if annotation is base)
    for part in get_args(annotation):
        yield from _roles_in(part)


def field_of(role: str) -> str:
    """The field for components of ``role`` in the part of a run spec where they have their home."""
    return ROLES[role].field or role
