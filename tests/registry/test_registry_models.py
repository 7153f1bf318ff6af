"""Model specs: shapes after every stage, and one line with field and hint for whatever does not fit."""

import json

import pytest
from zoo_registry import Shape, ShapeError, SpecError, ZooError


def test_the_shape_after_every_stage(toys, model):
    stages = dict(toys.model(model).trace().stages())
    assert {name: str(shape) for name, shape in stages.items()} == {
        "signal": "(c=3, t=32)",
        "folded": "(c=3, t=32)",
        "tokens": "(c=3, n=4, d=4)",
        "features": "(c=3, n=4, d=4)",
        "codes": "(c=3, n=4, q=4, k=2)",
        "rebuilt": "(c=3, t=32)",
        "recon": "(c=3, t=32)",
        "logits": "(k=4)",
    }


def test_a_spec_is_complete_and_can_be_read_back_from_json(toys, model):
    spec = toys.model(model)
    saved = json.loads(json.dumps(spec.dump()))
    assert saved["encoder"] == {"kind": "toy.patches", "patch": 8, "dim": 4}
    assert toys.model(saved) == spec


def test_a_spec_may_name_its_schema_for_an_editor(toys, model):
    assert toys.model({"$schema": "model.json", **model}).dump() == toys.model(model).dump()


def test_inputs_and_outputs_of_a_model(toys, model):
    spec = toys.model(model)
    assert set(spec.terms()) == {"x", "z", "ce"}
    assert spec.plugins() == ["toy"]
    assert [role for role, _ in spec.components()] == ["encoder", "quantizer", "decoder", "head"]


def test_the_input_may_be_given_later(toys, model):
    del model["input"]
    spec = toys.model(model)
    with pytest.raises(SpecError, match=r"^input: expected channels and length, found nothing"):
        spec.trace()


WRONG = {
    "a list": ([], "spec: expected a JSON object, found list"),
    "a number": (3, "spec: expected a JSON object, found int"),
    "nothing": (None, "spec: expected a JSON object, found NoneType"),
    "text": ("toy.patches", "spec: expected a JSON object, found str"),
    "a component that is text": ({"encoder": "toy.patches"}, 'encoder: expected an object with a "kind"'),
    "a component without kind": ({"encoder": {}}, 'encoder: expected an object with a "kind"'),
    "a kind that is a list": ({"encoder": {"kind": []}}, "encoder.kind: expected an installed encoder, found []"),
    "a kind that is an object": ({"encoder": {"kind": {}}}, "encoder.kind: expected an installed encoder, found {}"),
    "a kind that is null": ({"encoder": {"kind": None}}, "encoder.kind: expected an installed encoder, found None"),
    "an unknown kind": ({"encoder": {"kind": "toy.pathces"}}, "did you mean 'toy.patches'?"),
    "an unknown plugin": ({"encoder": {"kind": "x.y"}}, "found 'x.y'; `zoo list encoder` shows what is installed"),
    "another role": ({"encoder": {"kind": "toy.mean"}}, "encoder.kind: expected a kind of encoder, found 'toy.mean'"),
    "an unknown field": ({"encodr": {}}, "encodr: expected a known field, found 'encodr'; did you mean 'encoder'?"),
    "an unknown field inside": (
        {"encoder": {"kind": "toy.patches", "dims": 3}},
        "encoder.dims: expected a known field, found 'dims'; did you mean 'dim'?",
    ),
    "a field named kind": ({"kind": "kind"}, "kind: expected a known field, found 'kind'; `zoo schema`"),
    "a field named like its kind": (
        {"encoder": {"kind": "toy.patches", "toy.patches": 1}},
        "encoder.toy.patches: expected a known field, found 'toy.patches'",
    ),
    "a field of nothing known": (
        {"encoder": {"kind": "toy.patches", "xyz": 3}},
        "encoder.xyz: expected a known field, found 'xyz'; `zoo show toy.patches` lists its fields",
    ),
    "a negative size": (
        {"encoder": {"kind": "toy.patches", "dim": -1}},
        "encoder.dim: expected greater than or equal to 1, found -1; `zoo show toy.patches` lists its fields",
    ),
    "a huge size": ({"encoder": {"kind": "toy.patches", "dim": 10**30}}, "encoder.dim: expected less than or equal to"),
    "a size of thousands of digits": ({"input": {"channels": 10**5000, "length": 8}}, "found a huge int"),
    "a size that is no number": (
        {"input": {"channels": float("nan"), "length": 8}},
        "input.channels: expected a finite",
    ),
    "a missing field": ({"input": {"channels": 3}}, "input.length: expected a value, found nothing"),
    "nothing at all": ({"input": {"channels": 3, "length": 8}}, "model: expected an encoder or a head, found neither"),
    "a decoder alone": (
        {"input": {"channels": 3, "length": 8}, "decoder": {"kind": "toy.unpatches"}},
        "decoder: expected an encoder beside it, found toy.unpatches alone",
    ),
    "a head without what it reads": (
        {"input": {"channels": 3, "length": 8, "classes": 2}, "head": {"kind": "toy.mean"}},
        "head: expected an encoder for toy.mean, which needs tokens",
    ),
    "a head without classes": (
        {"input": {"channels": 3, "length": 8}, "encoder": {"kind": "toy.patches"}, "head": {"kind": "toy.mean"}},
        "input.classes: expected the number of classes for toy.mean",
    ),
    "a length that does not fit": (
        {"input": {"channels": 3, "length": 33}, "encoder": {"kind": "toy.patches"}},
        "encoder.patch: expected a divisor of the length 33, found 8; choose a divisor",
    ),
    "a key over several lines": ({"a\nb\x1b[31m": 1}, r"a b\x1b[31m: expected a known field"),
    "a key that is no text": ({1: 2}, "1: expected keys should be strings"),
}


@pytest.mark.parametrize(("data", "message"), WRONG.values(), ids=WRONG)
def test_an_invalid_spec_is_refused_in_one_line(toys, data, message):
    with pytest.raises(ZooError) as refusal:
        toys.model(data)
    text = str(refusal.value)
    assert message in text
    assert len(text.splitlines()) == 1
    assert refusal.value.hint


def test_deep_nesting_is_refused(toys):
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    for data in ({"encoder": deep}, {"encoder": {"kind": deep}}, {"input": deep}, {"x": deep}):
        with pytest.raises(SpecError):
            toys.model(data)


def test_a_shape_is_accessed_by_its_letters():
    shape = Shape.of("c n d", 6, 64, 256)
    assert (shape["n"], shape.layout, shape.sizes) == (64, "c n d", (6, 64, 256))
    assert str(shape.replace(d=3)) == "(c=6, n=64, d=3)"
    shape.require("c n d", "head", "")
    with pytest.raises(ShapeError, match=r"^head: expected an input \(c t\), found \(c=6, n=64, d=256\); swap it"):
        shape.require("c t", "head", "swap it")
    with pytest.raises(ValueError, match="zip"):
        Shape.of("c t", 1)
