"""The input of a model: a signal or ready-made images, distinguished by their fields, refused where it does not fit."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from zoo_registry import ImageInputSpec, InputSpec, Registry, Shape, ShapeError, SpecError

REGISTRY = Registry.discover()
IMAGES = {"channels": 3, "height": 48, "width": 64, "classes": 4}
WRN = {"kind": "wrn.image", "depth": 10}
SIZES = st.integers(-2, 5000) | st.none()


def on_images(**parts: Any) -> dict[str, Any]:
    """A model spec with ready-made images as input."""
    return {"input": IMAGES, **parts}


def test_the_shape_of_an_input_is_the_signal_or_the_image():
    assert InputSpec(channels=3, length=500).shape == Shape.of("c t", 3, 500)
    assert ImageInputSpec(channels=3, height=48, width=64).shape == Shape.of("c h w", 3, 48, 64)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(("channels", "length", "height", "width", "classes"), SIZES)))
def test_fields_distinguish_inputs(data):
    """A height or a width makes an image; an invalid one is refused as an image, even if it were a valid signal."""
    kind = ImageInputSpec if {"height", "width"} & data.keys() else InputSpec
    try:
        expected = kind.model_validate(data)
    except ValidationError:
        expected = None
    encoder = {"kind": "timm.encoder" if kind is ImageInputSpec else "conv.encoder"}
    if expected is None:
        with pytest.raises(SpecError, match=r"^input\.\w+: expected "):
            REGISTRY.model({"input": data, "encoder": encoder})
    else:
        assert REGISTRY.model({"input": data, "encoder": encoder}).input == expected


WRONG = {
    "no width": ({"channels": 3, "height": 64}, "input.width: expected a value, found nothing;"),
    "a misspelt length": (
        {"channels": 3, "lenght": 5},
        "input.lenght: expected a known field, found 'lenght' (and 1 more); did you mean 'length'?",
    ),
    "nothing": ({}, "input.channels: expected a value, found nothing (and 1 more);"),
    "a misspelt height": (
        {"channels": 3, "heigth": 64, "width": 64},
        "input.heigth: expected a known field, found 'heigth' (and 1 more); did you mean 'height'?",
    ),
    "a length and a height": (
        {"channels": 3, "length": 64, "height": 64},
        "input.length: expected a known field, found 'length' (and 1 more); `zoo schema` describes every field",
    ),
    "too high": ({"channels": 3, "height": 4097, "width": 9}, "input.height: expected less than or equal to 4096"),
    "a field named like a type": (
        {"channels": 3, "length": 5, "InputSpec": 1},
        "input.InputSpec: expected a known field, found 'InputSpec';",
    ),
    "a number": (3, "input: expected a valid dictionary or instance of InputSpec, found 3;"),
    "a list": ([{"height": 3}], "input: expected a valid dictionary or instance of InputSpec, found [{'height': 3}];"),
}


@pytest.mark.parametrize(("data", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_input_is_refused_in_one_line(data, message):
    with pytest.raises(SpecError) as refusal:
        REGISTRY.model({"input": data})
    assert str(refusal.value).startswith(message)
    assert len(str(refusal.value).splitlines()) == 1


def test_the_schema_describes_both_inputs_and_every_field():
    schema = REGISTRY.schema("model")
    (inputs,) = [part["oneOf"] for part in schema["properties"]["input"]["anyOf"] if part != {"type": "null"}]
    for name, reference in zip(["InputSpec", "ImageInputSpec"], inputs, strict=True):
        assert reference == {"$ref": f"#/$defs/{name}"}
        found = schema["$defs"][name]
        assert found["additionalProperties"] is False
        assert all(field["description"] for field in found["properties"].values())
    assert set(schema["$defs"]["ImageInputSpec"]["required"]) == {"channels", "height", "width"}


def test_a_spec_on_images_can_be_read_back_from_json():
    spec = REGISTRY.model(on_images(head=WRN))
    saved = json.loads(json.dumps(spec.dump()))
    assert saved["input"] == {**IMAGES, "class_names": None}
    assert REGISTRY.model(saved) == spec


def test_images_need_no_imager():
    trace = REGISTRY.model(on_images(encoder={"kind": "timm.encoder", "dim": 8}, head=WRN)).trace()
    assert trace.signal == trace.image == Shape.of("c h w", 3, 48, 64)
    assert (trace.tokens, trace.recon) == (Shape.of("c n d", 1, 4, 8), None)


READERS_OF_SIGNALS = {
    "fusion": {"fusion": {"kind": "fusion.flatten"}, "head": WRN},
    "image": {"image": {"kind": "images.gaf"}, "head": WRN},
    "encoder": {"encoder": {"kind": "conv.encoder"}},
    "decoder": {"encoder": {"kind": "timm.encoder"}, "decoder": {"kind": "conv.decoder"}},
    "head": {"head": {"kind": "wrn.signal", "depth": 10}},
    "head on recon": {"encoder": {"kind": "timm.encoder"}, "head": {"kind": "wrn.recon", "depth": 10}},
}


@pytest.mark.parametrize(("where", "parts"), READERS_OF_SIGNALS.items(), ids=READERS_OF_SIGNALS)
def test_components_for_signals_refuse_images(where, parts):
    with pytest.raises(ShapeError) as refusal:
        REGISTRY.model(on_images(**parts))
    role = where.split()[0]
    assert refusal.value.where == role
    assert str(refusal.value) == (
        f"{role}: expected a signal (c t) as input for {parts[role]['kind']}, found images (c=3, h=48, w=64); "
        f"remove the {role}, or give `input` a length in place of height and width"
    )


def test_a_head_on_images_needs_classes():
    few = {name: size for name, size in IMAGES.items() if name != "classes"}
    with pytest.raises(SpecError, match=r"^input\.classes: expected the number of classes for wrn\.image"):
        REGISTRY.model({"input": few, "head": WRN})


def test_no_data_source_gives_images():
    data = {"source": {"kind": "data.npy", "path": "set", "layout": "c t"}}
    with pytest.raises(SpecError, match=r"^model\.input: expected a signal, .*, found ready-made images; leave"):
        REGISTRY.run({"model": on_images(head=WRN), "data": data})


VQSHAPE = {"encoder": {"kind": "vqshape.encoder"}, "decoder": {"kind": "vqshape.decoder"}}
CODES = {"quantizer": {"kind": "vqshape.codebook"}}
CHANNELWISE = {
    "tokens and back": (VQSHAPE, True),
    "with codes": (VQSHAPE | CODES, True),
    "with a fusion that leaves channels alone": (VQSHAPE | CODES | {"fusion": {"kind": "fusion.channelwise"}}, True),
    "convolutions": ({"encoder": {"kind": "conv.encoder"}, "decoder": {"kind": "conv.decoder"}}, True),
    "an encoder alone": ({"encoder": {"kind": "conv.encoder"}}, True),
    "a fusion that mixes": (VQSHAPE | {"fusion": {"kind": "fusion.attention"}}, False),
    "a codebook each": (VQSHAPE | CODES | {"codebook": "per_channel"}, False),
    "a head": (VQSHAPE | {"head": {"kind": "heads.token-linear"}}, False),
    "a picture beside it": (VQSHAPE | {"image": {"kind": "images.gaf"}}, False),
    "no encoder": ({"head": {"kind": "wrn.signal"}}, False),
    "images": ({"input": IMAGES, "encoder": {"kind": "timm.encoder"}}, False),
}


@pytest.mark.parametrize(("parts", "expected"), CHANNELWISE.values(), ids=CHANNELWISE)
def test_a_model_is_channelwise_if_every_part_is(parts, expected):
    assert REGISTRY.model({"input": {"channels": 1, "length": 500, "classes": 3}} | parts).channelwise is expected


def test_the_input_must_be_known_to_be_channelwise():
    assert not REGISTRY.model(VQSHAPE).channelwise
