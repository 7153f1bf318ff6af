"""The JSON schema that editors complete spec files with."""

import json
from collections.abc import Iterator
from typing import Any

import pytest


def nodes(schema: Any) -> Iterator[dict[str, Any]]:
    """Every object inside ``schema``."""
    if isinstance(schema, dict):
        yield schema
    for part in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from nodes(part)


@pytest.mark.parametrize("what", ["model", "run"])
def test_the_schema_is_plain_json_whose_references_resolve(toys, what):
    schema = toys.schema(what)
    assert json.loads(json.dumps(schema)) == schema
    references = {node["$ref"] for node in nodes(schema) if "$ref" in node}
    assert references <= {f"#/$defs/{name}" for name in schema["$defs"]}
    assert references


@pytest.mark.parametrize("what", ["model", "run"])
def test_every_kind_is_in_the_schema_with_its_fields(toys, what):
    schema = toys.schema(what)
    fields = [(node.get("properties", {}).get("kind", {}), node) for node in nodes(schema)]
    kinds = {kind["const"]: node for kind, node in fields if "const" in kind}
    for role in ("encoder", "quantizer", "decoder", "head"):
        for kind in toys.kinds(role):
            assert set(kinds[kind]["properties"]) == set(toys.find(kind).model_fields)
            assert kinds[kind]["additionalProperties"] is False
            assert kinds[kind]["description"]
    assert kinds["toy.patches"]["properties"]["patch"]["description"] == "Samples of a patch."


def test_the_tag_leads_to_the_component(toys):
    (encoder,) = [part for part in toys.schema("model")["properties"]["encoder"]["anyOf"] if part != {"type": "null"}]
    name = encoder.get("$ref") or encoder["discriminator"]["mapping"]["toy.patches"]
    assert toys.schema("model")["$defs"][name.removeprefix("#/$defs/")]["title"] == "PatchSpec"
