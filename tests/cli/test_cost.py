"""Counting a model's cost leaves the model unchanged; a model that does not fit is refused before allocation."""

from copy import deepcopy

import pytest
import torch
from small_runs import PUBLISHED
from torch import nn
from zoo_registry import PluginError, SpecError

import zoo
from zoo.model import memory
from zoo.model.cost import bill


def test_counting_changes_neither_the_model_nor_the_random_state(toys):
    model = zoo.build(toys)
    before, random = deepcopy(model.state_dict()), torch.get_rng_state()
    bill(model)
    assert torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert model.training
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_the_cost_of_a_transformer_layer_is_that_of_its_products():
    """The cost of one more layer: projections of queries, keys, values and output, attention, two linear maps."""
    patches, dim = 10, 16
    flops = []
    for layers in (2, 3):
        encoder = {"kind": "vqshape.encoder", **PUBLISHED, "patches": patches, "dim": dim, "heads": 2, "layers": layers}
        flops.append(bill(zoo.build({"input": {"channels": 1, "length": 40}, "encoder": encoder})).flops)
    projections, attention, wide_maps = 4 * dim * dim, 2 * patches * dim, 2 * dim * (4 * dim)
    assert flops[1] - flops[0] == 2 * patches * (projections + attention + wide_maps)


def test_a_component_that_breaks_its_promise_is_named(toys):
    model = zoo.build(toys)
    model.head.project = nn.Linear(4, 5)
    with pytest.raises(PluginError, match=r"head: expected \(k=4\).*found \(5,\)"):
        bill(model)


def test_building_draws_only_the_random_numbers_of_the_components(toys, monkeypatch):
    torch.manual_seed(0)
    plain = zoo.ZooModel(zoo.build(toys).spec).state_dict()
    torch.manual_seed(0)
    first = zoo.build(toys).state_dict()
    monkeypatch.setattr(memory, "_FEW_PARAMETERS", 10)  # treated as a large model, it is first built on the meta device
    torch.manual_seed(0)
    second = zoo.build(toys).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in plain)


@pytest.fixture
def little_memory(monkeypatch):
    """A machine of one MiB."""
    monkeypatch.setattr(memory, "available", lambda: 2**20)


def test_parameters_that_do_not_fit_are_refused_before_allocation(toys, little_memory, monkeypatch):
    assert zoo.build(toys)
    toys["encoder"] |= {"patch": 16, "dim": 64}
    fits = 2**20 // 16
    assert sum(p.numel() for p in zoo.build(toys).parameters()) < fits
    spec = {"input": {"channels": 3, "length": 100}, "encoder": {"kind": "vqshape.encoder", **PUBLISHED, "patches": 10}}
    with pytest.raises(SpecError, match="model: expected parameters that fit into"):
        zoo.build(spec)


@pytest.mark.parametrize(
    "encoder",
    [
        {"kind": "vqshape.encoder", **PUBLISHED, "dim": 4096, "layers": 48, "tokenizer_layers": 48},
        {"kind": "conv.encoder"},
    ],
)
def test_absurd_sizes_are_refused_on_a_machine_of_32_gib(encoder, monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 2**35)
    spec = {"input": {"channels": 4096, "length": 1_000_000, "classes": 100_000}, "encoder": encoder}
    with pytest.raises(SpecError, match=r"expected .* fit"):
        bill(zoo.build(spec))


def test_a_long_series_that_fits_is_run(toys):
    toys["input"]["length"] = 8 * 20_000
    assert bill(zoo.build(toys)).flops == 2 * (2 * 3 * 20_000 * 8 * 4) + 2 * 4 * 4


def test_a_tensor_that_does_not_fit_is_detected_without_allocating_it(toys, little_memory):
    toys["input"]["length"] = 8 * 20_000
    with pytest.raises(SpecError, match="a forward pass that fits"):
        bill(zoo.build(toys))
