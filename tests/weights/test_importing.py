"""Any plugin may import; statistics are read, checked and stored in the model's one standardisation."""

import json

import numpy as np
import pytest
import torch
from zoo_registry import BundleError, UnknownKindError, ZooError

import zoo
from zoo.weights.importing import import_checkpoint

IMPORTER = '''
from typing import Literal
from zoo_registry import HeadSpec, Imported, Importer, hookimpl

class Mean(HeadSpec):
    """Mean."""
    kind: Literal["short.mean"] = "short.mean"
    needs = "signal"
    def build(self, x, classes):
        import torch
        from zoo.contracts import Head, Standardize
        class Mean(Head):
            def __init__(self):
                super().__init__()
                self.linear = torch.nn.Linear(x["c"], classes)
                self.noise = torch.nn.Dropout()
                self.standardize = Standardize(x["c"])
            def forward(self, output):
                return self.linear(self.noise(self.standardize(output.x).mean(-1)))
        return Mean()

class Short(Importer):
    """Two tensors."""
    def convert(self, checkpoint, given):
        classes, channels = checkpoint.shape("weight", 2)
        size = {"channels": channels, "length": given.get("t", 10), "classes": classes}
        tensors = {f"head.linear.{name}": tensor for name, tensor in checkpoint.tensors.items()}
        return Imported({"input": size, "head": {"kind": "short.mean"}}, tensors, ["short"])

@hookimpl
def zoo_components():
    return [Mean]

@hookimpl
def zoo_importer():
    return Short()
'''
MEAN, STD = [1.0, -2.0], [0.5, 3.0]


@pytest.fixture
def checkpoint(install, tmp_path):
    """A checkpoint for the plugin `short`, which is installed."""
    install("short", IMPORTER)
    torch.manual_seed(0)
    torch.save(torch.nn.Linear(2, 3).state_dict(), tmp_path / "a.pt")
    return tmp_path / "a.pt"


def test_a_third_party_importer_has_its_plugins_name(checkpoint):
    model, notes = import_checkpoint("short", checkpoint, {"t": 20})
    assert model.spec.input.length == 20
    assert notes[0] == "short"
    assert not model.training
    stored = torch.load(checkpoint, weights_only=True)
    assert all(torch.equal(model.state_dict()[f"head.linear.{name}"], tensor) for name, tensor in stored.items())


def test_importing_draws_no_random_number(checkpoint):
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    import_checkpoint("short", checkpoint)
    assert torch.equal(torch.rand(3), expected)


def test_the_model_keeps_its_weights_after_the_file_is_removed(checkpoint):
    model = import_checkpoint("short", checkpoint).model
    before = model.head.linear.weight.clone()
    checkpoint.write_bytes(bytes(checkpoint.stat().st_size))
    assert torch.equal(model.head.linear.weight, before)


def test_a_plugin_without_importer_is_refused_with_those_that_have_one(checkpoint):
    with pytest.raises(UnknownKindError, match="one of short, vqshape, wrn, found 'shorts'; did you mean 'short'"):
        import_checkpoint("shorts", checkpoint)
    with pytest.raises(UnknownKindError, match="found 'conv'"):
        import_checkpoint("conv", checkpoint)


FORMS = {
    "s.npz": lambda path: np.savez(path, mean=np.array(MEAN), std=np.array(STD, np.float32)),
    "s.npy": lambda path: np.save(path, np.array([MEAN, STD])),
    "s.json": lambda path: path.write_text(json.dumps({"mean": MEAN, "std": STD})),
}


@pytest.mark.parametrize("form", sorted(FORMS))
def test_statistics_fill_the_standardisation_and_are_stored_in_the_bundle(checkpoint, tmp_path, form):
    FORMS[form](tmp_path / form)
    model, notes = import_checkpoint("short", checkpoint, statistics=tmp_path / form)
    assert notes[0] == "short"
    assert "--classes names them" in notes[1]
    zoo.save(model, tmp_path / "bundle")
    loaded = zoo.load(tmp_path / "bundle")
    x = torch.randn(4, 2, 10)
    mean, std = torch.tensor(MEAN)[:, None], torch.tensor(STD)[:, None]
    expected = loaded.head.linear(((x - mean) / std).mean(-1))
    torch.testing.assert_close(loaded(x).logits, expected)


def test_without_statistics_it_does_not_judge(checkpoint, tmp_path):
    model, notes = import_checkpoint("short", checkpoint)
    assert "--expects-norm" in notes[1]
    zoo.save(model, tmp_path / "bundle")
    with pytest.raises(BundleError, match="--expects-norm"):
        zoo.load(tmp_path / "bundle")(torch.randn(4, 2, 10))


@pytest.mark.parametrize(
    ("name", "write", "words"),
    [
        ("s.npz", lambda path: np.savez(path, mean=MEAN), "std is not a file in the archive"),
        (
            "s.npz",
            lambda path: np.savez(path, mean=MEAN, std=[1, 1, 1]),
            r"2 numbers, one per channel, found shape \(3",
        ),
        ("s.npz", lambda path: np.savez(path, mean=MEAN, std=[1, 0]), "deviations above 0, found 0"),
        ("s.npz", lambda path: np.savez(path, mean=MEAN, std=[1, -2]), "deviations above 0, found -2"),
        ("s.npz", lambda path: np.savez(path, mean=[1, np.nan], std=STD), "mean: expected finite"),
        ("s.npz", lambda path: np.savez(path, mean=[1, 1e300], std=STD), "mean: expected finite"),
        ("s.npz", lambda path: np.savez(path, mean=np.array([{}, 1]), std=STD), "allow_pickle"),
        ("s.npz", lambda path: np.savez_compressed(path, mean=np.zeros(10**6), std=STD), "arrays of 8,0"),
        ("s.npz", lambda path: path.write_bytes(b"PK"), "BadZipFile"),
        ("s.npy", lambda path: np.save(path, np.ones((3, 2))), "too many values"),
        ("s.npy", lambda path: np.save(path, np.ones(2)), r"found shape \(\)"),
        ("s.npy", lambda path: np.save(path, np.ones(10**6)), "more than 1 MiB"),
        ("s.json", lambda path: path.write_text("{}"), "KeyError"),
        ("s.json", lambda path: path.write_text("["), "JSON"),
        ("s.json", lambda path: path.write_text('{"mean": 1, "std": [1, "a"]}'), "ValueError"),
        ("s.txt", lambda path: path.write_text("1 2"), r"\.npz with mean and std"),
        ("s.npz", lambda path: path.mkdir(), "a folder"),
        ("s.npz", lambda path: None, "no such file"),
    ],
)
def test_invalid_statistics_are_refused_in_one_line(checkpoint, tmp_path, name, write, words):
    write(tmp_path / name)
    with pytest.raises(ZooError, match=words) as refused:
        import_checkpoint("short", checkpoint, statistics=tmp_path / name)
    assert "\n" not in str(refused.value)
    assert str(tmp_path / name) in str(refused.value)
