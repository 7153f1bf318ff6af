"""Fields in which specs differ."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from zoo_registry import show


class SpecDifference(BaseModel, frozen=True):
    """A field and its value in each spec, in their order; None if a spec has no such field."""

    field: str
    values: tuple[Any, ...]

    @property
    def shown(self) -> tuple[str, ...]:
        """The values as they appear in a message."""
        return tuple(map(show, self.values))


def differences(specs: Sequence[Any], apart: Collection[str] = ()) -> list[SpecDifference]:
    """Fields whose values differ among ``specs``, plain data, as paths such as `training.phases.0.weights.x`.

    Paths in ``apart`` are left out. A missing field counts as None. A list of plain values is one value. A component
    that some specs lack has only its `kind` there, unless the others differ in more.
    """
    return [row for row in _differences(specs, "") if row.field not in apart]


def first_difference(old: Any, new: Any, apart: Collection[str] = ()) -> SpecDifference | None:
    """The first field in which two specs differ; None if there is none."""
    return next(iter(differences([old, new], apart)), None)


def _differences(values: Sequence[Any], path: str) -> Iterator[SpecDifference]:
    if all(value == values[0] for value in values):
        return
    known = [value for value in values if value is not None]
    if all(isinstance(value, Mapping) for value in known) and any(known):
        lacking = len(known) < len(values) and any("kind" in value for value in known)
        for name in dict.fromkeys(name for value in known for name in value):
            if lacking and name != "kind" and all(value.get(name) == known[0].get(name) for value in known):
                continue
            yield from _differences([(value or {}).get(name) for value in values], _join(path, name))
    elif all(isinstance(value, list) for value in known) and any(map(_nested, known)):
        for place in range(max(map(len, known))):
            parts = [value[place] if value is not None and place < len(value) else None for value in values]
            yield from _differences(parts, _join(path, place))
    else:
        yield SpecDifference(field=path, values=tuple(values))


def _nested(value: list[Any]) -> bool:
    return any(isinstance(part, Mapping | list) for part in value)


def _join(path: str, name: object) -> str:
    return f"{path}.{name}" if path else str(name)
