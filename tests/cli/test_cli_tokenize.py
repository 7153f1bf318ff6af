"""`zoo tokenize` on the command line."""

import numpy as np
import pytest
import torch

from zoo.model.build import build
from zoo.weights.bundle import save

MODEL = {
    "input": {"channels": 2, "length": 32},
    "encoder": {"kind": "conv.encoder", "dim": 8},
    "quantizer": {"kind": "quantizers.ema", "codes": 6},
}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working directory with a bundle and a folder of windows."""
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    save(build(MODEL), tmp_path / "bundle")
    (tmp_path / "windows").mkdir()
    for split, count in (("train", 20), ("test", 8)):
        np.save(tmp_path / f"windows/X_{split}.npy", np.random.default_rng(0).normal(size=(count, 2, 30)))
        np.save(tmp_path / f"windows/y_{split}.npy", np.arange(count) % 2)
    return tmp_path


WORDS = ["tokenize", "bundle", "npy:windows", "--set", "data.source.layout=c t"]
FITTED = [*WORDS, "--set", "data.length.to=32"]


def test_a_data_set_becomes_one_file(zoo, here):
    found = zoo(*FITTED, "--out", "new/tokens.npz")
    assert (found.status, found.err) == (0, "")
    assert "codes" in found.out
    assert "windows: 16 train, 4 validation, 8 test; 6 codes per level; in new/tokens.npz" in found.out
    with np.load(here / "new/tokens.npz") as arrays:
        assert arrays["codes"].shape == (28, 2, 4, 1)
        assert arrays["mean"].shape == (28, 2)
        assert "mu" not in arrays


def test_a_split_as_json(zoo, here):
    found = zoo(*FITTED, "--out", "tokens.npz", "--split", "test", "--json")
    assert found.json["windows"] == {"test": 8}
    assert found.json["codes"] == 6
    assert found.json["arrays"]["codes"] == {"shape": [8, 2, 4, 1], "dtype": "uint8"}
    with np.load(here / "tokens.npz") as arrays:
        assert set(arrays) == set(found.json["arrays"])
        assert found.json["fingerprint"] == arrays["fingerprint"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([*WORDS, "--out", "x.npz"], ["data.length: expected 32 samples", "--set data.length.to=32"]),
        ([*FITTED, "--out", "x.json"], ["a file that ends in .npz"]),
        ([*FITTED, "--out", "x.npz", "--split", "half"], ["--split"]),
        ([*FITTED], ["--out"]),
        (["tokenize", "nothing", *FITTED[2:], "--out", "x.npz"], ["nothing: expected the folder of a bundle"]),
        (["tokenize", "bundle", "windows", "--out", "x.npz"], ["such as npy:windows"]),
        (["tokenize", "bundle", "ts:nowhere", "--out", "x.npz"], ["nowhere"]),
        (["tokenize", "bundle", "aeon:basic_motions", "--set", "data.length.to=32", "--out", "x.npz"],
         ["data: expected", "channels"]),
    ],
)  # fmt: skip
def test_mistakes_give_one_line_and_status_2(zoo, here, arguments, words):
    if arguments[2] == "aeon:basic_motions":
        save(build({**MODEL, "fusion": {"kind": "fusion.conv"}}), here / "bundle")
    found = zoo(*arguments)
    assert (found.status, found.out) == (2, "")
    assert found.err.count("\n") == 1
    assert all(word in found.err for word in words)
    assert {path.name for path in here.iterdir()} == {"bundle", "windows"}
