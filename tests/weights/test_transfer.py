"""Weights of named components are taken from a bundle, all of them or none."""

import pytest
import torch
from zoo_registry import BundleError, ZooError

import zoo
from zoo.weights.transfer import load_weights


def snapshot(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def changed(model, before):
    """Components of which some tensor is another than before."""
    now = model.state_dict()
    return {name.partition(".")[0] for name, tensor in before.items() if not torch.equal(now[name], tensor)}


@pytest.fixture
def bundle(make, tmp_path):
    """A bundle of the spec with other weights than seed 0 gives."""
    model = make(seed=1)
    torch.nn.init.constant_(model.quantizer.scale, 2)
    zoo.save(model, tmp_path / "bundle")
    return tmp_path / "bundle"


def test_every_shared_component_is_taken_without_a_choice(make, bundle):
    model = make()
    assert load_weights(model, bundle) == ["encoder", "quantizer", "decoder", "head"]
    stored = zoo.load(bundle).state_dict()
    assert all(torch.equal(tensor, stored[name]) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize("only", [["encoder"], ["quantizer", "head"]])
def test_only_the_chosen_components_are_taken(make, bundle, only):
    model = make()
    before = snapshot(model)
    assert load_weights(model, bundle, only) == only
    assert changed(model, before) == set(only)


def test_a_model_without_a_head_gives_its_encoder_to_one_with_another(make, spec, tmp_path):
    del spec["head"]
    zoo.save(zoo.build(spec), tmp_path / "bundle")
    model = zoo.build(spec | {"head": {"kind": "wrn.recon"}})
    assert load_weights(model, tmp_path / "bundle") == ["encoder", "quantizer", "decoder"]


def test_a_judge_of_signals_becomes_a_judge_of_reconstructions(spec, tmp_path):
    judge = zoo.build({"input": spec["input"], "head": {"kind": "wrn.signal"}})
    (standardize,) = [m for m in judge.modules() if type(m).__name__ == "Standardize"]
    standardize.fill(torch.arange(3.0), torch.ones(3))
    zoo.save(judge, tmp_path / "judge")
    model = zoo.build(spec | {"head": {"kind": "wrn.recon"}})
    assert load_weights(model, tmp_path / "judge", ["head"]) == ["head"]
    x = torch.randn(2, 3, 32, generator=torch.Generator().manual_seed(0))
    output = model.eval()(x)
    assert torch.equal(output.logits, judge.eval()(output.x_recon).logits)


@pytest.mark.parametrize(
    ("changes", "only", "words"),
    [
        ({"encoder": {"dim": 6}}, ["encoder"], r"encoder.project.weight of shape \(6, 8\), found shape \(4, 8\)"),
        ({"encoder": {"dim": 6}}, None, r"encoder.project.weight .*\(2 tensors misfit\)"),
        ({}, ["image"], "a component with weights, found none in the model"),
        ({}, ["encodr"], "did you mean 'encoder'"),
    ],
)
def test_a_misfit_is_refused_and_nothing_is_changed(make, bundle, changes, only, words):
    model = make(**changes)
    before = snapshot(model)
    with pytest.raises(ZooError, match=words):
        load_weights(model, bundle, only)
    assert changed(model, before) == set()


def test_a_component_that_the_bundle_lacks_is_refused(make, spec, tmp_path):
    del spec["decoder"]
    zoo.save(zoo.build(spec), tmp_path / "bundle")
    model = zoo.build(spec | {"decoder": {"kind": "toy.unpatches"}})
    with pytest.raises(BundleError, match=r"decoder.project.weight .*found no such tensor \(2 tensors misfit\)"):
        load_weights(model, tmp_path / "bundle", ["decoder"])


def test_a_bundle_with_more_than_the_component_has_is_refused(spec, tmp_path):
    classifier = {"input": spec["input"], "head": {"kind": "wrn.signal", "depth": 16}}
    zoo.save(zoo.build(classifier), tmp_path / "deep")
    model = zoo.build({"input": spec["input"], "head": {"kind": "wrn.signal", "depth": 10}})
    with pytest.raises(BundleError, match="no tensor head"):
        load_weights(model, tmp_path / "deep")


def test_models_with_nothing_in_common_are_refused(spec, tmp_path):
    zoo.save(zoo.build({"input": spec["input"], "head": {"kind": "wrn.signal"}}), tmp_path / "judge")
    del spec["head"]
    with pytest.raises(BundleError, match="weights of a component that the model has, found head"):
        load_weights(zoo.build(spec), tmp_path / "judge")
