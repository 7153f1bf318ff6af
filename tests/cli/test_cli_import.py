"""`zoo import`."""

import json

import pytest
import torch
from safetensors.torch import load_file

import zoo as package


@pytest.fixture
def checkpoint(tmp_path):
    """A small WideResNet in its published form, on series of two channels."""
    torch.manual_seed(0)
    spec = {"input": {"channels": 2, "length": 40, "classes": 3}, "head": {"kind": "wrn.signal", "depth": 10}}
    state = package.build(spec).head.classifier.network.state_dict()
    torch.save({"model_state_dict": state, "optimizer_state_dict": {}, "epoch": 1}, tmp_path / "wrn.pth.tar")
    return tmp_path / "wrn.pth.tar"


@pytest.fixture
def statistics(tmp_path):
    path = tmp_path / "statistics.json"
    path.write_text(json.dumps({"mean": [1, 2], "std": [3, 4]}))
    return path


def test_import_writes_a_bundle_and_describes_it(zoo, checkpoint, tmp_path):
    done = zoo("import", "wrn", checkpoint, "--out", tmp_path / "bundle")
    assert (done.status, done.err) == (0, "")
    printed = [line.split("  ", 1)[0].strip() for line in done.out.splitlines()]
    assert printed == ["model", "input", "parameters", "note", "note", "note", "bundle"]
    assert "wrn.signal" in done.out
    assert "(c=2, t=100)" in done.out
    assert zoo("check", tmp_path / "bundle").status == 0
    stored = load_file(tmp_path / "bundle/model.safetensors")
    expected = torch.load(checkpoint, weights_only=True)["model_state_dict"]
    assert all(torch.equal(stored[f"head.classifier.network.{name}"], tensor) for name, tensor in expected.items())
    assert not stored["head.classifier.standardize.filled"]


def test_sizes_and_statistics_from_options_are_used(zoo, checkpoint, statistics, tmp_path):
    (tmp_path / "classes.txt").write_text("walk\nrun\nsit\n")
    arguments = ("--input", "t=40", "--expects-norm", statistics, "--classes", tmp_path / "classes.txt", "--json")
    found = zoo("import", "wrn", checkpoint, "--out", tmp_path / "bundle", *arguments).json
    sizes = {"channels": 2, "length": 40, "classes": 3, "class_names": ["walk", "run", "sit"]}
    assert {name: value for name, value in found["model"]["input"].items() if value is not None} == sizes
    assert found["notes"] == []
    assert found["bundle"] == str(tmp_path / "bundle")
    model = package.load(tmp_path / "bundle")
    assert found["parameters"] == sum(parameter.numel() for parameter in model.parameters())
    assert model(torch.randn(2, 2, 40)).logits.shape == (2, 3)
    assert model.head.classifier.standardize.mean.tolist() == [1, 2]


def test_names_for_another_number_of_classes_are_refused(zoo, checkpoint, tmp_path):
    (tmp_path / "classes.txt").write_text("walk\nrun\n")
    done = zoo("import", "wrn", checkpoint, "--out", tmp_path / "bundle", "--classes", tmp_path / "classes.txt")
    assert done.status == 2
    assert "classes.txt: expected 3 class names, as the checkpoint has classes, found 2" in done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["wrm"], "did you mean 'wrn'?"),
        (["conv"], "one of vqshape, wrn"),
        (["wrn", "--input", "t"], "found 't'"),
        (["wrn", "--input", ""], "found ''"),
        (["wrn", "--input", "t=0"], "found 't=0'"),
        (["wrn", "--input", "t=-5"], "found 't=-5'"),
        (["wrn", "--input", "t=1.5"], "found 't=1.5'"),
        (["wrn", "--input", "t=10,t=20"], "found 't=10,t=20'"),
        (["wrn", "--input", "t=99999999999"], "--input"),
        (["wrn", "--input", "t=9999999"], "input.length"),
        (["wrn", "--input", "t=1"], "input.length"),
        (["wrn", "--input", "h=64,w=64"], "sizes of t alone"),
        (["wrn", "--expects-norm", "nowhere.npz"], "nowhere.npz: expected a file"),
        (["vqshape"], "hyper_parameters"),
    ],
)
def test_a_mistake_gives_one_line_and_no_bundle(zoo, checkpoint, tmp_path, arguments, words):
    plugin, *options = arguments
    refused = zoo("import", plugin, checkpoint, "--out", tmp_path / "bundle", *options)
    assert (refused.status, refused.out) == (2, "")
    assert refused.err.count("\n") == 1
    assert words in refused.err
    assert not (tmp_path / "bundle").exists()


def test_only_a_bundle_is_overwritten_and_this_is_checked_first(zoo, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years of work")
    refused = zoo("import", "wrn", tmp_path / "nowhere.pt", "--out", tmp_path / "mine")
    assert refused.status == 2
    assert "thesis.tex" in refused.err


def test_statistics_for_a_model_that_does_not_standardise_are_refused(zoo, statistics, install, tmp_path):
    install("bare", BARE)
    torch.save(torch.nn.Linear(2, 3).state_dict(), tmp_path / "bare.pt")
    arguments = ("import", "bare", tmp_path / "bare.pt", "--out", tmp_path / "bundle")
    refused = zoo(*arguments, "--expects-norm", statistics)
    assert refused.status == 2
    assert "a model that standardises its input" in refused.err
    assert zoo(*arguments).status == 0


BARE = '''
from typing import Literal
from zoo_registry import HeadSpec, Imported, Importer, hookimpl

class Mean(HeadSpec):
    """Mean."""
    kind: Literal["bare.mean"] = "bare.mean"
    needs = "signal"
    def build(self, x, classes):
        import torch
        from zoo.contracts import Head
        class Mean(Head):
            def __init__(self):
                super().__init__()
                self.linear = torch.nn.Linear(x["c"], classes)
            def forward(self, output):
                return self.linear(output.x.mean(-1))
        return Mean()

class Bare(Importer):
    """Two tensors."""
    def convert(self, checkpoint, given):
        tensors = {f"head.linear.{name}": tensor for name, tensor in checkpoint.tensors.items()}
        return Imported({"input": {"channels": 2, "length": 9, "classes": 3}, "head": {"kind": "bare.mean"}}, tensors)

@hookimpl
def zoo_components():
    return [Mean]

@hookimpl
def zoo_importer():
    return Bare()
'''
