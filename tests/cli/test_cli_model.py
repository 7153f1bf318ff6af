"""`zoo check` and `zoo build`."""

import json
import re

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import zoo as package

PATCH, DIM, CHANNELS, LENGTH, CLASSES = 8, 4, 3, 32, 4
TOKENS = LENGTH // PATCH


def test_check_reports_the_shape_after_every_stage(zoo, toys, write):
    found = zoo("check", write(toys), "--json").json
    assert [(stage["stage"], stage["component"], stage["shape"]) for stage in found["stages"]] == [
        ("signal", "input", {"c": CHANNELS, "t": LENGTH}),
        ("tokens", "toy.patches", {"c": CHANNELS, "n": TOKENS, "d": DIM}),
        ("codes", "toy.signs", {"c": CHANNELS, "n": TOKENS, "q": DIM, "k": 2}),
        ("recon", "toy.unpatches", {"c": CHANNELS, "t": LENGTH}),
        ("logits", "toy.mean", {"k": CLASSES}),
    ]
    assert set(found["terms"]) == {"x", "z", "ce"}


def test_check_prints_a_line_per_stage(zoo, toys, write):
    lines = [re.split(r"  +", line) for line in zoo("check", write(toys)).out.splitlines()]
    assert lines[0] == ["stage", "component", "shape"]
    assert ["tokens", "toy.patches", f"(c={CHANNELS}, n={TOKENS}, d={DIM})"] in lines


def test_fused_channels_appear_as_separate_stages(zoo, toys, write):
    toys["fusion"] = {"kind": "fusion.flatten"}
    stages = {stage["stage"]: stage for stage in zoo("check", write(toys), "--json").json["stages"]}
    assert stages["folded"]["shape"] == stages["rebuilt"]["shape"] == {"c": 1, "t": CHANNELS * LENGTH}
    assert stages["recon"]["shape"] == {"c": CHANNELS, "t": LENGTH}


@pytest.fixture
def run(toys, tmp_path):
    """A run spec of toys on three classes of eight windows; its model does not name an input."""
    rng = np.random.default_rng(0)
    for split in ("train", "test"):
        np.save(tmp_path / f"X_{split}.npy", rng.normal(size=(24, CHANNELS, LENGTH)))
        np.save(tmp_path / f"y_{split}.npy", np.arange(24) % 3)
    del toys["input"]
    phases = [
        {"name": "shapes", "length": 2, "learn": ["encoder", "decoder"], "weights": {"x": 1, "z": 0.5}},
        {"name": "classes", "every": "batch", "length": 5, "weights": {"ce": {"start": 0, "end": 1, "over": 5}}},
        {"name": "look", "learn": [], "measure": True},
    ]
    data = {"source": {"kind": "data.npy", "path": str(tmp_path), "layout": "c t"}}
    return {"name": "toys", "model": toys, "data": data, "training": {"epochs": 7, "phases": phases}}


def test_the_input_of_a_run_is_read_from_its_data(zoo, run, write):
    stages = zoo("check", write(run), "--json").json["stages"]
    assert stages[0]["shape"] == {"c": CHANNELS, "t": LENGTH}
    assert stages[-1]["shape"] == {"k": 3}


def test_the_phases_of_a_run_are_printed(zoo, run, write):
    rows = [re.split(r"  +", line) for line in zoo("check", write(run)).out.splitlines()]
    assert ["shapes", "2 epochs", "encoder, decoder", "x 1, z 0.5"] in rows
    assert ["classes", "5 batches", "all", "ce 0 to 1 over 5 batches"] in rows
    assert ["look", "1 epoch", "nothing: it measures", "x 1, z 1, ce 1"] in rows
    assert zoo("check", write(run), "--json").json["training"]["epochs"] == 7


def test_a_phase_that_solves_for_the_head_prints_no_weights_of_terms(zoo, run, write):
    run["model"]["head"] = {"kind": "heads.token-linear"}
    run["training"] = {"epochs": 1, "phases": [{"name": "read", "learn": ["head"], "fit": "closed"}]}
    checked = zoo("check", write(run))
    assert checked.status == 0, checked.err
    rows = [re.split(r"  +", line.strip()) for line in checked.out.splitlines()]
    assert ["read", "1 epoch", "head, solved for (ridge)"] in rows


def test_an_input_that_contradicts_the_data_is_refused(zoo, run, write):
    run["model"]["input"] = {"channels": CHANNELS, "length": LENGTH + PATCH, "classes": 3}
    refused = zoo("check", write(run))
    assert refused.status == 2
    assert f"model.input.length: expected {LENGTH}" in refused.err


@pytest.mark.parametrize(
    "part", [{"transfer": [{"source": "nowhere"}]}, {"evaluation": {"judges": {"wrn": "nowhere"}}}]
)
def test_a_run_whose_bundles_are_missing_is_refused(zoo, run, write, part):
    refused = zoo("check", write(run | part))
    assert refused.status == 2
    assert "nowhere: expected the folder of a bundle" in refused.err


def test_build_counts_parameters_and_operations_of_every_component(zoo, toys, write):
    found = zoo("build", write(toys), "--json").json
    costs = {stage["component"]: (stage["parameters"], stage["flops"]) for stage in found["stages"]}
    per_token = 2 * PATCH * DIM
    assert costs == {
        "input": (None, None),
        "toy.patches": (PATCH * DIM + DIM, CHANNELS * TOKENS * per_token),
        "toy.signs": (0, 0),
        "toy.unpatches": (DIM * PATCH + PATCH, CHANNELS * TOKENS * per_token),
        "toy.mean": (DIM * CLASSES + CLASSES, 2 * DIM * CLASSES),
    }
    assert found["parameters"] == sum(parameters or 0 for parameters, _ in costs.values())
    assert found["flops"] == sum(flops or 0 for _, flops in costs.values())


def test_build_prints_totals_under_the_stages(zoo, toys, write):
    header, *rows, total = (re.split(r"  +", line) for line in zoo("build", write(toys)).out.splitlines())
    assert header == ["stage", "component", "shape", "parameters", "FLOPs"]
    assert len(rows) == 5
    assert total == ["total", "96", "1.568 k"]


def test_build_writes_a_bundle_with_the_weights_of_the_seed(zoo, toys, write, tmp_path):
    assert zoo("build", write(toys), "--out", tmp_path / "bundle", "--seed", "3").status == 0
    torch.manual_seed(3)
    expected = package.build(toys).state_dict()
    stored = load_file(tmp_path / "bundle" / "model.safetensors")
    assert stored.keys() == expected.keys()
    assert all(torch.equal(stored[name], tensor) for name, tensor in expected.items())
    manifest = json.loads((tmp_path / "bundle" / "spec.json").read_text())
    assert manifest["plugins"] == {"toy": "1.5"}
    assert manifest["model"]["encoder"] == {"kind": "toy.patches", "patch": PATCH, "dim": DIM}


def test_a_bundle_is_also_a_spec(zoo, toys, write, tmp_path):
    zoo("build", write(toys), "--out", tmp_path / "bundle")
    as_file = zoo("check", write(toys)).out
    assert zoo("check", tmp_path / "bundle").out == zoo("check", tmp_path / "bundle" / "spec.json").out == as_file


def test_build_loads_weights_from_a_bundle(zoo, toys, write, tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    zoo("build", write(toys), "--out", old, "--seed", "1")
    built = zoo("build", write(toys), "--out", new, "--seed", "2", "--weights", old, "--only", "encoder")
    assert f"weights of encoder from {old}: 2 loaded\n" in built.out
    first, second = load_file(old / "model.safetensors"), load_file(new / "model.safetensors")
    equal = {name.partition(".")[0] for name in first if torch.equal(first[name], second[name])}
    assert equal == {"encoder", "quantizer"}  # the quantizer starts with ones whatever the seed


def test_build_overwrites_only_a_bundle(zoo, toys, write, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years of work")
    refused = zoo("build", write(toys), "--out", tmp_path / "mine")
    assert refused.status == 2
    assert "thesis.tex" in refused.err
    assert (tmp_path / "mine" / "thesis.tex").read_text() == "years of work"


def test_a_judge_built_without_statistics_has_none(zoo, write, tmp_path):
    spec = {"input": {"channels": 2, "length": 32, "classes": 3}, "head": {"kind": "wrn.signal"}}
    assert zoo("build", write(spec), "--out", tmp_path / "judge").status == 0
    stored = load_file(tmp_path / "judge" / "model.safetensors")
    assert [bool(tensor) for name, tensor in stored.items() if name.endswith(".filled")] == [False]
