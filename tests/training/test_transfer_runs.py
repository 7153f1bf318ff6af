"""Runs that start from other weights: an ordered list, its report in the run folder, resuming without the source."""

import json
import shutil

import pytest
import torch
from small_runs import SHAPES as POOLED
from zoo_registry import Registry, SpecError, ZooNote

import zoo
from zoo.training.fit import train

MEASURE = {"epochs": 1, "phases": [{"learn": [], "measure": True}]}
SHAPES = POOLED | {"head": {"kind": "heads.token-linear", "pool": "none"}}
"""With a head that reads every token at its place, so that it misfits a model of more tokens."""
LONGER = SHAPES | {"encoder": SHAPES["encoder"] | {"patches": 10, "layers": 2}}


@pytest.fixture
def sources(run_of, tmp_path):
    """Two trained runs of the same model, with different seeds."""
    return [train(run_of(SHAPES, MEASURE | {"seed": seed}), tmp_path / f"run{seed}", quiet=True) for seed in (1, 2)]


def test_a_list_is_applied_in_order_and_names_the_source_of_each_tensor(run_of, sources, tmp_path):
    first, second = (str(folder.path) for folder in sources)
    transfers = [
        {"source": first, "policy": "resize"},
        {"source": second, "policy": "resize", "only": ["encoder.transformer"]},
    ]
    with pytest.warns(ZooNote, match=r"everything shared from .*: \d+ loaded, \d+ resized, \d+ skipped, 12 missing"):
        folder = train(run_of(LONGER, MEASURE | {"seed": 3}, transfer=transfers), tmp_path / "new", quiet=True)
    stored = json.loads(folder.transfer.read_text())
    origins = stored["origins"]
    weights = zoo.load(folder.bundle).state_dict()
    assert origins.keys() == weights.keys()
    name = "encoder.transformer.layers.0.linear1.weight"
    assert origins[name] == f"{second}: {name}"
    assert origins["encoder.transformer.layers.1.linear1.weight"] == "fresh"
    assert origins["decoder.cls_token"] == f"{first}: decoder.cls_token"
    assert torch.equal(weights[name], zoo.load(sources[1].bundle).state_dict()[name])
    assert [report["transfer"]["policy"] for report in stored["transfers"]] == ["resize", "resize"]


def test_a_run_resumes_after_its_source_was_removed(run_of, sources, tmp_path):
    run = run_of(SHAPES, {"epochs": 1, "phases": [{}]}, transfer=[{"source": str(sources[0].path)}])
    folder = train(run, tmp_path / "new", quiet=True)
    shutil.rmtree(sources[0].path)
    train(run, tmp_path / "new", resume=True, quiet=True)
    assert folder.transfer.exists()


def test_a_transfer_into_a_component_the_model_lacks_is_refused_with_the_spec(spec_of):
    transfer = [{"source": "nowhere", "only": ["quantiser"]}]
    with pytest.raises(SpecError, match=r"transfer\.0\.only.*did you mean 'quantizer'"):
        Registry.discover().run(spec_of(SHAPES, MEASURE, transfer=transfer))
