"""Fields in which the specs of several runs differ."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel


class SpecDifference(BaseModel, frozen=True):
    """A field and its value in each spec, in their order; None if a spec has no such field."""

    field: str
    values: tuple[Any, ...]


def differences(specs: Sequence[Mapping[str, Any]]) -> list[SpecDifference]:
    """Fields whose values differ among ``specs``, without the names of the runs."""
    flat = [dict(_leaves(spec, "")) for spec in specs]
    fields = dict.fromkeys(field for spec in flat for field in spec if field != "name")
    rows = [SpecDifference(field=field, values=tuple(spec.get(field) for spec in flat)) for field in fields]
    return [row for row in rows if any(value != row.values[0] for value in row.values)]


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Paths, such as `training.phases.0.weights.x`, with their values; a list of plain values is one value."""
    if isinstance(value, Mapping) and value:
        parts: Iterator[tuple[Any, Any]] = iter(value.items())
    elif isinstance(value, list) and any(isinstance(part, Mapping | list) for part in value):
        parts = iter(enumerate(value))
    else:
        yield path, value
        return
    for name, part in parts:
        yield from _leaves(part, f"{path}.{name}" if path else str(name))
