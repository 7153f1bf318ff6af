"""Rules for every spec before anything is built."""

import json
import pickle
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Any

from zoo_registry.component import ComponentSpec, SourceSpec, Spec
from zoo_registry.contract import verify
from zoo_registry.docs import descriptions
from zoo_registry.narrow import replaced
from zoo_registry.roles import ROLES, inner_roles


def check_contract(spec: ComponentSpec) -> None:
    """The class can be registered; it and every field are described; defaults are enough to make one of a model."""
    kind = str(spec.kind)
    verify(type(spec), kind.partition(".")[0])
    assert (type(spec).__doc__ or "").strip(), f"{kind}: {type(spec).__name__} has no docstring"
    undescribed = sorted(type(spec).model_fields.keys() - descriptions(type(spec)).keys() - {"kind"})
    assert not undescribed, f"{kind}: no description under {', '.join(undescribed)}"
    if not isinstance(spec, SourceSpec):
        type(spec).model_validate({})


def check_json(spec: ComponentSpec) -> None:
    """The spec survives JSON and pickling, and has a JSON schema."""
    kind = spec.kind
    whole = replaced(type(spec), _inner_types(spec))
    again = whole.model_validate_json(spec.model_dump_json())
    assert again.model_dump() == spec.model_dump(), f"{kind}: the spec changes through JSON"
    assert pickle.loads(pickle.dumps(spec)) == spec, f"{kind}: the spec changes through pickle"
    assert json.dumps(type(spec).model_json_schema()), f"{kind}: no JSON schema"


def _inner_types(spec: ComponentSpec) -> dict[type[Spec], Any]:
    """The types of the components in the fields of ``spec``, by the base class of their role."""
    found: dict[type[Spec], Any] = {}
    for at, role in inner_roles(type(spec)).items():
        given = getattr(spec, at)
        if parts := given if isinstance(given, tuple) else (given,):
            found[ROLES[role]] = reduce(or_, map(type, parts))
    return found


def check_bounds(spec: ComponentSpec) -> None:
    """Every number has a smallest and a largest value, every list a longest length: memory cannot explode."""
    schema = type(spec).model_json_schema()
    for name, field in {**schema.get("$defs", {}), **schema["properties"]}.items():
        for node in (node for node in _nodes(field) if not {"enum", "const"} & {*node}):
            missing = [
                " or ".join(sorted(bounds)) for bounds in _BOUNDS.get(node.get("type"), ()) if not bounds & {*node}
            ]
            assert not missing, f"{spec.kind}: {name} has no {' and no '.join(missing)}"


_NUMBER = ({"minimum", "exclusiveMinimum"}, {"maximum", "exclusiveMaximum"})
_BOUNDS: Mapping[object, Sequence[set[str]]] = {"integer": _NUMBER, "number": _NUMBER, "array": ({"maxItems"},)}


def _nodes(schema: object) -> Iterator[Mapping[str, object]]:
    """Every object inside a JSON schema."""
    if isinstance(schema, dict):
        yield schema
    parts = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    for part in parts:
        yield from _nodes(part)
