"""`zoo transfer`: its table, the reasons, the bundle it writes and what it refuses."""

import json
import re

import pytest
import torch
from safetensors.torch import load_file

SPEC = {
    "input": {"channels": 3, "length": 32, "classes": 4},
    "encoder": {"kind": "toy.patches"},
    "head": {"kind": "toy.mean"},
}


@pytest.fixture
def source(zoo, toys, write, tmp_path):
    """A bundle of toys."""
    assert zoo("build", write(toys, "toys.json"), "--out", tmp_path / "source", "--seed", "1").status == 0
    return tmp_path / "source"


@pytest.fixture
def wider(toys, write):
    """The spec of toys with another encoder width, which no rule can resize."""
    return write(toys | {"encoder": {"kind": "toy.patches", "dim": 6}}, "wider.json")


def table(text):
    return [re.split(r"  +", line.strip()) for line in text.splitlines()]


def test_a_dry_run_lists_every_tensor_and_writes_nothing(zoo, toys, write, source, tmp_path):
    before = sorted(tmp_path.iterdir())
    shown = zoo("transfer", source, write(toys))
    assert shown.status == 0
    rows = table(shown.out)
    assert rows[0] == ["module", "loaded", "resized", "skipped", "missing", "unused"]
    assert ["encoder.project", "2"] in rows
    assert ["total", "7"] in rows
    assert sorted(tmp_path.iterdir()) == sorted([*before, tmp_path / "model.json"])


def test_json_lists_every_tensor_of_both_models(zoo, toys, write, source):
    found = zoo("transfer", source, write(SPEC), "--json").json
    names = load_file(source / "model.safetensors").keys()
    assert sorted(row["source"] for row in found["tensors"] if row["source"]) == sorted(names)
    assert {row["reason"] for row in found["tensors"] if row["status"] == "unused"} == {
        "the model has no quantizer",
        "the model has no decoder",
    }


def test_out_writes_the_model_with_the_weights_listed(zoo, toys, write, source, tmp_path):
    chosen = ("--only", "encoder,head.project", "--seed", "2")
    made = zoo("transfer", source, write(toys), *chosen, "--out", tmp_path / "new")
    assert made.status == 0
    assert made.out.endswith(f"bundle in {tmp_path / 'new'}\n")
    old, new = (load_file(folder / "model.safetensors") for folder in (source, tmp_path / "new"))
    equal = {name.partition(".")[0] for name in old if torch.equal(old[name], new[name])}
    assert equal == {"encoder", "head", "quantizer"}  # the quantizer starts with ones whatever the seed


def test_a_refusal_is_shown_in_the_table_and_reported_in_one_line(zoo, wider, source, tmp_path):
    refused = zoo("transfer", source, wider, "--out", tmp_path / "new")
    assert refused.status == 2
    assert refused.err.count("\n") == 1
    assert "encoder.project.weight: expected a tensor that fits exactly" in refused.err
    reason = "4 × 8 in the source, 6 × 8 here: cannot be resized"
    assert ["encoder.project.weight", "skipped", reason] in table(refused.out)
    assert not (tmp_path / "new").exists()


def test_adjacent_tensors_with_one_reason_share_a_line(zoo, write, source):
    rows = table(zoo("transfer", source, write(SPEC)).out)
    assert ["decoder.project.* (2 tensors)", "unused", "the model has no decoder"] in rows


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--only", "encodr"], "did you mean 'encoder'"),
        (["--only", "encoder..x"], "only.0: expected"),
        (["--map", "encoder"], "--map: expected FROM=TO"),
        (["--map", "encoder=decoder", "--map", "encoder=head"], "each FROM once"),
        (["--map", "encoder=a b"], "map"),
        (["--policy", "loose"], "transfer: expected arguments that it takes"),
        (["--layers", "last"], "transfer: expected arguments that it takes"),
    ],
)
def test_mistakes_give_one_line(zoo, toys, write, source, arguments, words):
    refused = zoo("transfer", source, write(toys), *arguments)
    assert refused.status == 2
    assert words in refused.err
    assert refused.err.count("\n") == 1


def test_a_source_that_is_not_a_bundle_is_refused(zoo, toys, write, tmp_path):
    refused = zoo("transfer", tmp_path / "nowhere", write(toys))
    assert refused.status == 2
    assert "expected the folder of a bundle, found no such folder" in refused.err


def test_the_model_of_a_run_that_names_its_input_needs_no_data(zoo, toys, write, source):
    run = {"model": toys, "data": {"source": {"kind": "data.npy", "path": "nowhere", "layout": "c t"}}}
    assert zoo("transfer", source, write(run, "run.json")).status == 0


def test_a_folder_of_other_files_is_refused_before_anything_is_built(zoo, toys, write, source, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").write_text("mine")
    refused = zoo("transfer", source, write(toys), "--out", tmp_path / "mine")
    assert refused.status == 2
    assert "notes.txt" in refused.err
    assert json.loads((source / "spec.json").read_text())["format"] == 2
