"""`--set` parses a value by the type of its field."""

from typing import Any

import pytest
from zoo_registry import Registry

from zoo.specs.field_types import inner_type, takes_null, takes_text_alone
from zoo.specs.overrides import apply_changes

RUN: dict[str, Any] = {
    "model": {"head": {"kind": "wrn.signal"}},
    "data": {"source": {"kind": "data.npy", "path": "p", "layout": "c t"}},
    "transfer": [{"source": "b"}],
}


@pytest.mark.parametrize("written", ["2024", "1e3", "007", "true", "1.10", "[1]", '{"a": 1}', "null", "NaN"])
def test_a_text_field_takes_text_unchanged(written):
    spec = Registry.discover().run(RUN)
    changes = [f"name={written}", f"data.source.path={written}", f"transfer.0.source={written}"]
    found = apply_changes(RUN, changes, spec.dump(), type(spec))
    assert (found["name"], found["data"]["source"]["path"], found["transfer"][0]["source"]) == (written,) * 3


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("data.source.path=\"2024\"", "2024"),
        ("data.source.subject=2024", "2024"),
        ("data.source.subject=null", None),
        ("data.length.to=64", 64),
        ("data.length=null", None),
        ("training.optimizer.lr=0.5", 0.5),
        ("training.phases.0.name=3", "3"),
        ("training.phases.0.length=3", 3),
        ("model.head.depth=10", 10),
        ("evaluation.nothing=1", 1),
    ],
)  # fmt: skip
def test_other_fields_take_json(change, value):
    spec = Registry.discover().run(RUN)
    found: Any = apply_changes(RUN, [change], spec.dump() | {"data": {"length": {}}}, type(spec))
    for name in change.partition("=")[0].split("."):
        found = found[int(name) if name.isdecimal() else name]
    assert found == value


def test_without_a_type_a_value_is_json():
    assert apply_changes({}, ["name=2024"], {}) == {"name": 2024}


def test_the_type_comes_from_the_spec_that_the_data_select():
    data = inner_type(Registry.discover().run_type(), {}, "data")
    source = inner_type(data, {}, "source")
    assert inner_type(source, {"kind": "data.ts"}, "layout") is None
    assert not takes_text_alone(inner_type(source, {"kind": "data.npy"}, "layout"))
    assert takes_text_alone(inner_type(source, {"kind": "data.mat"}, "key"))
    assert takes_null(inner_type(source, {"kind": "data.npy"}, "subject"))
    assert takes_text_alone(inner_type(dict[str, str], {}, "anything"))
    assert takes_text_alone(inner_type(tuple[str, ...], [], "0"))
    assert inner_type(int, 3, "x") is None
    assert not takes_text_alone(None)
