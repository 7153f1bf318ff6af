"""Attributes of tokens: declared by an encoder, read by name, and refused before torch where one is missing."""

import pytest
import torch
import toy_plugin
from zoo_registry import Attribute, PluginError, Registry, ShapeError, SpecError

from zoo.cli.describe import describe
from zoo.contracts import Decoder, Tokens

PHASE = Attribute("phase", "position in the period", "share of the period", 0.0)
LEVEL = Attribute("level", "mean of the patch", "unit of the input", 0.0)


@pytest.fixture
def attributed(toys, monkeypatch):
    """The toys, whose encoder declares two attributes."""
    monkeypatch.setattr(toy_plugin.PatchSpec, "attributes", (PHASE, LEVEL))
    return toys


def test_heads_read_attributes_after_the_values(attributed, model):
    trace = attributed.model(model).trace()
    assert trace.tokens["d"] + 2 == trace.features["d"]


@pytest.mark.parametrize("role", ["decoder", "head"])
def test_a_missing_attribute_is_refused_by_name(attributed, model, monkeypatch, role):
    spec = {"decoder": toy_plugin.UnpatchSpec, "head": toy_plugin.MeanSpec}[role]
    monkeypatch.setattr(spec, "needs_attributes", ("level", "phase"))
    attributed.model(model)
    monkeypatch.setattr(spec, "needs_attributes", ("level", "tilt"))
    kind = model[role]["kind"]
    expected = rf"^{role}: expected an encoder that gives attributes tilt for {kind}, found toy.patches, which gives "
    with pytest.raises(ShapeError, match=expected + f"phase, level; use an encoder .* or a {role} that needs none$"):
        attributed.model(model)


def test_a_head_that_reads_attributes_needs_an_encoder(toys, model, monkeypatch):
    monkeypatch.setattr(toy_plugin.MeanSpec, "needs", "signal")
    monkeypatch.setattr(toy_plugin.MeanSpec, "needs_attributes", ("level",))
    with pytest.raises(SpecError, match=r"^head: expected an encoder for toy\.mean, which reads attributes"):
        toys.model({"input": model["input"], "head": model["head"]})


@pytest.mark.parametrize(
    ("spec", "field", "value", "expected"),
    [
        ("PatchSpec", "attributes", ("phase",), r"PatchSpec\.attributes: expected a tuple of Attribute"),
        ("UnpatchSpec", "needs_attributes", True, r"UnpatchSpec\.needs_attributes: expected a tuple of names"),
        ("MeanSpec", "needs_attributes", "phase", r"MeanSpec\.needs_attributes: expected a tuple of names"),
    ],
)
def test_a_plugin_that_declares_them_otherwise_is_refused(monkeypatch, spec, field, value, expected):
    monkeypatch.setattr(getattr(toy_plugin, spec), field, value)
    with pytest.raises(PluginError, match=expected):
        Registry().register(toy_plugin, "toy", "0.1")


def test_show_describes_them(attributed):
    found = describe(attributed.find("toy.patches"), {"toy": "0.1"})
    assert found["returns"] == "c n d with attributes phase, level"
    assert [(one["name"], one["unit"]) for one in found["attributes"]] == [
        ("phase", "share of the period"),
        ("level", "unit of the input"),
    ]


def test_features_are_values_then_attributes_in_order():
    values, phase, level = torch.randn(2, 3, 4, 5), torch.randn(2, 3, 4), torch.randn(2, 3, 4)
    found = Tokens(values, attributes={"phase": phase, "level": level})
    assert torch.equal(found.features(), torch.cat([values, phase[..., None], level[..., None]], -1))
    assert Tokens(values).features() is values
    assert found.places is None


@pytest.mark.parametrize("reads", [False, True])
def test_only_a_decoder_that_reads_a_code_table_is_given_one(toys, model, monkeypatch, reads):
    from zoo.model.assembly import ZooModel

    given = []

    class Watched(toy_plugin.Unpatches):
        reads_table = reads

        def forward(self, tokens, *table):
            given.append(table)
            return super().forward(tokens)

    monkeypatch.setattr(toy_plugin.UnpatchSpec, "build", lambda self, tokens, series: Watched(tokens["d"], 8))
    built = ZooModel(toys.model(model))
    assert isinstance(built.decoder, Decoder)
    built.encode(torch.randn(2, 3, 32))
    built(torch.randn(2, 3, 32))
    assert [len(table) for table in given] == [int(reads)]
