"""A bundle restores the saved model, and is refused if it is damaged or does not fit."""

import hashlib
import json
import os
import sys
import warnings

import pytest
import torch
from safetensors.torch import load_file, save_file
from zoo_registry import BundleError, PluginError, ZooNote

import zoo


def rewrite(bundle, **changes):
    """Change entries of the manifest, without its own hash; None removes one."""
    path = bundle / "spec.json"
    data = json.loads(path.read_text()) | {"manifest_sha256": None} | changes
    path.write_text(json.dumps({name: value for name, value in data.items() if value is not None}))


def retensor(bundle, **changes):
    """Change tensors of the bundle, and its hash with them; None removes one."""
    path = bundle / "model.safetensors"
    tensors = load_file(path) | changes
    save_file({name: tensor for name, tensor in tensors.items() if tensor is not None}, path)
    rewrite(bundle, sha256=hashlib.sha256(path.read_bytes()).hexdigest())


@pytest.fixture
def bundle(make, tmp_path):
    """The folder of a saved model."""
    zoo.save(make(), tmp_path / "bundle")
    return tmp_path / "bundle"


def test_a_loaded_model_equals_the_saved_one(make, tmp_path):
    model = make(seed=5)
    zoo.save(model, tmp_path / "bundle")
    loaded = zoo.load(tmp_path / "bundle")
    assert loaded.spec == model.spec
    assert not loaded.training
    assert loaded.state_dict().keys() == model.state_dict().keys()
    assert all(torch.equal(loaded.state_dict()[name], tensor) for name, tensor in model.state_dict().items())
    x = torch.randn(2, 3, 32, generator=torch.Generator().manual_seed(0))
    assert torch.equal(loaded(x).logits, model.eval()(x).logits)


def test_the_manifest_is_complete(bundle, spec):
    manifest = json.loads((bundle / "spec.json").read_text())
    assert sorted(path.name for path in bundle.iterdir()) == ["model.safetensors", "spec.json"]
    assert manifest["format"] == 2
    assert manifest["model"] == zoo.build(spec).spec.dump()
    assert manifest["plugins"] == {"toy": "1.5"}
    assert manifest["distributions"] == {"toy": "zoo-toy"}
    assert manifest["parameters"] == sum(parameter.numel() for parameter in zoo.build(spec).parameters())
    assert manifest["sha256"] == hashlib.sha256((bundle / "model.safetensors").read_bytes()).hexdigest()


def test_loading_draws_no_random_number(bundle):
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    zoo.load(bundle)
    assert torch.equal(torch.rand(3), expected)


def test_a_bundle_replaces_an_older_one(make, bundle):
    zoo.save(make(seed=1, encoder={"dim": 6}), bundle)
    assert zoo.load(bundle).spec.encoder.dim == 6
    assert [path.name for path in bundle.parent.iterdir() if "bundle" in path.name] == ["bundle"]


def test_models_that_share_tensors_can_be_saved(make, tmp_path):
    model = make()
    model.decoder.project.bias = model.encoder.project.bias = torch.nn.Parameter(torch.randn(8)[:4])
    model.decoder.project.weight = torch.nn.Parameter(torch.randn(4, 4).t())
    zoo.save(model, tmp_path / "bundle")
    stored = load_file(tmp_path / "bundle" / "model.safetensors")
    assert torch.equal(stored["decoder.project.bias"], stored["encoder.project.bias"])
    assert torch.equal(stored["decoder.project.weight"], model.decoder.project.weight)


def test_a_folder_of_other_files_is_not_overwritten(make, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(BundleError, match=r"notes\.txt"):
        zoo.save(make(), tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def remove(bundle):
    for path in bundle.iterdir():
        path.unlink()
    bundle.rmdir()


def become_a_file(bundle):
    remove(bundle)
    bundle.write_text("")


def truncate(bundle):
    path = bundle / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-10])


def flip_a_bit(bundle):
    path = bundle / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def rename_a_class(bundle):
    path = bundle / "spec.json"
    data = json.loads(path.read_text())
    data["model"]["input"]["class_names"] = ["a", "b", "d", "c"]
    path.write_text(json.dumps(data))


def pickle_instead(bundle):
    path = bundle / "model.safetensors"
    torch.save({"a": torch.zeros(3)}, path)
    rewrite(bundle, sha256=hashlib.sha256(path.read_bytes()).hexdigest())


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (remove, "no such folder"),
        (become_a_file, "found a file"),
        (lambda bundle: (bundle / "spec.json").unlink(), "no spec.json"),
        (
            lambda bundle: [(bundle / "spec.json").unlink(), os.mkfifo(bundle / "spec.json")],
            "spec.json: a pipe or a device",
        ),
        (lambda bundle: [(bundle / "spec.json").unlink(), (bundle / "spec.json").mkdir()], "spec.json: a folder"),
        (
            lambda bundle: [(bundle / "spec.json").unlink(), (bundle / "spec.json").symlink_to("spec.json")],
            "spec.json: Too many",
        ),
        (lambda bundle: (bundle / "model.safetensors").unlink(), "no model.safetensors"),
        (lambda bundle: (bundle / "spec.json").write_text('{"format": 1,'), "valid JSON"),
        (lambda bundle: (bundle / "spec.json").write_text("[]"), "spec.json"),
        (rename_a_class, "expected fields with the sha256 \\w{12}… that it states, found \\w{12}…"),
        (lambda bundle: rewrite(bundle, sha256=None), "sha256: expected a value"),
        (lambda bundle: rewrite(bundle, sha256="0" * 64), "sha256 000000000000"),
        (lambda bundle: rewrite(bundle, sha256="none"), "sha256"),
        (
            lambda bundle: rewrite(bundle, format=3, zoo="0.4.1", surprise=1),
            "format: expected at most 2, .*, found 3, of zoo '0.4.1'; `pip install 'shapezoo>=0.4.1'`",
        ),
        (lambda bundle: rewrite(bundle, format=3, zoo="0; rm -r ~"), "`pip install 'shapezoo>=0'`"),
        (lambda bundle: rewrite(bundle, format=3, zoo="latest"), "`pip install -U shapezoo`"),
        (lambda bundle: rewrite(bundle, format=0), "format: expected 1 or 2"),
        (lambda bundle: (bundle / "notes.txt").touch(), "spec.json and model.safetensors alone, found notes.txt"),
        (lambda bundle: rewrite(bundle, surprise=1), "surprise"),
        (lambda bundle: rewrite(bundle, model={}), "spec.json: model"),
        (lambda bundle: rewrite(bundle, model={"encoder": {"kind": "toy.lost"}}), "toy.lost"),
        (lambda bundle: rewrite(bundle, model={"encoder": ["toy.patches"]}), "model: expected a component or null"),
        (lambda bundle: rewrite(bundle, plugins={"absent": "2.0"}), "plugin absent 2.0.* package that provides plugin"),
        (
            lambda bundle: rewrite(bundle, plugins={"absent": "2.0"}, distributions={"absent": "zoo-absent"}),
            "plugin absent 2.0.*; `pip install 'zoo-absent>=2.0'` provides it",
        ),
        (lambda bundle: rewrite(bundle, distributions={"toy": "zoo-toy; reboot"}), "distributions.toy"),
        (truncate, "sha256"),
        (flip_a_bit, "sha256"),
        (pickle_instead, "a file of tensors"),
        (lambda bundle: retensor(bundle, **{"encoder.project.bias": None}), "encoder.project.bias, found 1 of 7"),
        (lambda bundle: retensor(bundle, extra=torch.zeros(1)), "extra"),
        (
            lambda bundle: retensor(bundle, **{"head.project.bias": torch.zeros(5)}),
            r"head.project.bias of shape \(4,\)",
        ),
    ],
)
def test_a_damaged_bundle_is_refused_in_one_line(bundle, damage, words):
    damage(bundle)
    with pytest.raises(BundleError, match=words) as refused:
        zoo.load(bundle)
    assert "\n" not in str(refused.value)
    assert str(bundle) in str(refused.value)


def test_a_bundle_whose_plugin_is_broken_gives_the_reason(spec, bundle, monkeypatch):
    monkeypatch.setitem(sys.modules, "zoo_toy", None)
    with pytest.raises(PluginError, match="plugin toy"):
        zoo.load(bundle)


def test_another_version_of_a_plugin_is_noted_not_refused(bundle):
    rewrite(bundle, plugins={"toy": "1.0"})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        zoo.load(bundle)
    rewrite(bundle, plugins={"toy": "0.9"})
    with pytest.warns(ZooNote, match=r"plugin toy was 0\.9"):
        zoo.load(bundle)


def test_a_bundle_moved_aside_by_a_killed_process_is_found(bundle, make):
    bundle.rename(bundle.with_name(".bundle.previous"))
    assert zoo.load(bundle).spec == make().spec
    zoo.save(make(encoder={"dim": 6}), bundle)
    assert zoo.load(bundle).spec.encoder.dim == 6


def test_a_judge_keeps_its_statistics(tmp_path):
    spec = {"input": {"channels": 2, "length": 32, "classes": 3}, "head": {"kind": "wrn.signal"}}
    judge = zoo.build(spec)
    (standardize,) = [m for m in judge.modules() if type(m).__name__ == "Standardize"]
    standardize.fill(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 0.0]))
    zoo.save(judge, tmp_path / "judge")
    x = torch.randn(4, 2, 32, generator=torch.Generator().manual_seed(0))
    assert torch.equal(zoo.load(tmp_path / "judge")(x).logits, judge.eval()(x).logits)
