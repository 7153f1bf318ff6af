"""A component's spec as plain data: description, input, output, fields, loss terms and plugin."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from zoo_registry import READS, ComponentSpec, DecoderSpec, EncoderSpec, HeadSpec
from zoo_registry.docs import docstring
from zoo_registry.roles import inner_roles


def describe(spec: type[ComponentSpec], versions: Mapping[str, str]) -> dict[str, Any]:
    """Everything that `zoo show` prints about a component; ``versions`` are those of the installed plugins."""
    parts = {"doc": docstring(spec), **_shapes(spec), "terms": dict(spec.terms), "fields": _fields(spec)}
    given = [asdict(one) for one in spec.attributes] if issubclass(spec, EncoderSpec) else []
    return {**summary(spec, versions), **parts, "attributes": given}


def summary(spec: type[ComponentSpec], versions: Mapping[str, str]) -> dict[str, str]:
    """What `zoo list` prints about a component."""
    kind = str(spec.model_fields["kind"].default)
    plugin = kind.partition(".")[0]
    sentence = docstring(spec).partition("\n\n")[0].replace("\n", " ")
    return {
        "role": spec.role,
        "kind": kind,
        "plugin": plugin,
        "version": versions[plugin],
        "summary": sentence,
    }


def _shapes(spec: type[ComponentSpec]) -> dict[str, str]:
    if issubclass(spec, HeadSpec):
        linear = ", a linear map of features, which can be solved for" if spec.linear else ""
        return {
            "reads": f"{spec.needs} {READS[spec.needs]}{_with(spec.needs_attributes)}",
            "returns": spec.returns + linear,
        }
    takes = spec.needs_attributes if issubclass(spec, DecoderSpec) else ()
    gives = [one.name for one in spec.attributes] if issubclass(spec, EncoderSpec) else ()
    return {"reads": spec.reads + _with(takes), "returns": spec.returns + _with(gives)}


def _with(attributes: Sequence[str]) -> str:
    return f" with attributes {', '.join(attributes)}" if attributes else ""


def _fields(spec: type[ComponentSpec]) -> list[dict[str, Any]]:
    """The fields but the kind; those that a spec has to give have no ``default``."""
    properties: Mapping[str, Mapping[str, Any]] = spec.model_json_schema()["properties"]
    inner = inner_roles(spec)
    return [
        {
            "name": name,
            "type": _component(schema, inner[name]) if name in inner else _type(schema),
            **({} if spec.model_fields[name].is_required() else {"default": schema.get("default")}),
            "description": " ".join(str(schema.get("description", "")).split()),
        }
        for name, schema in properties.items()
        if name != "kind"
    ]


def _component(schema: Mapping[str, Any], role: str) -> str:
    if schema.get("type") == "array":
        return f"list of components of `zoo list {role}`"
    null = " or null" if {"type": "null"} in schema.get("anyOf", ()) else ""
    return f"a component of `zoo list {role}`{null}"


def _type(schema: Mapping[str, Any]) -> str:
    """A JSON schema in words: `integer 1 to 64`, `a, b or c`, `number above 0 or null`."""
    if "anyOf" in schema or "oneOf" in schema:
        return " or ".join(_type(option) for option in schema.get("anyOf") or schema["oneOf"])
    if "enum" in schema or "const" in schema:
        *others, last = (str(value) for value in schema.get("enum") or [schema["const"]])
        return f"{', '.join(others)} or {last}" if others else last
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if schema.get("type") == "array":
        length = _bounds(schema, "minItems", "maxItems")
        return f"list of {_type(schema.get('items') or {})}" + (f",{length} long" if length else "")
    return str(schema.get("type", "anything")) + _bounds(schema, "minimum", "maximum")


def _bounds(schema: Mapping[str, Any], lowest: str, highest: str) -> str:
    low, high = _number(schema.get(lowest)), _number(schema.get(highest))
    words = [f"{low} to {high}"] if low and high else [f"from {low}"] if low else [f"to {high}"] if high else []
    for name, word in (("exclusiveMinimum", "above"), ("exclusiveMaximum", "below")):
        if name in schema:
            words.append(f"{word} {_number(schema[name])}")
    return f" {', '.join(words)}" if words else ""


def _number(value: float | None) -> str | None:
    if value is None:
        return None
    return f"{int(value):,}" if value == int(value) else f"{value:g}"
