"""Components of any kind at sizes that run quickly."""

from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import Any

from pydantic import ValidationError
from zoo_registry import Registry, ZooError

REGISTRY = Registry.discover()

TINY: Mapping[str, int | str] = {
    "read": "stretch",
    "bits": 3,
    "codes": 8,
    "depth": 10,
    "dim": 16,
    "heads": 2,
    "hidden": 16,
    "layers": 1,
    "levels": 2,
    "shape_samples": 16,
    "tokenizer_heads": 2,
    "tokenizer_layers": 1,
}
"""Sizes that make components quick to run, by the names that fields of any component have."""


@cache
def tiny(kind: str) -> Mapping[str, Any]:
    """The fields of TINY that a component has and whose bounds allow the value."""
    return accepted(kind, TINY)


def accepted(kind: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that a component has and accepts beside those before; one value, or a list of it."""
    spec = REGISTRY.find(kind)
    found: dict[str, Any] = {}
    for name in [name for name in fields if name in spec.model_fields]:
        for value in (fields[name], [fields[name]]):
            with suppress(ValidationError, ZooError):
                spec(**found, **{name: value})
                found[name] = value
                break
    return found
