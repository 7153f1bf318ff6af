"""`zoo export` on the command line."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from small_runs import SIGNAL
from waves import write_waves
from zoo_registry import SpecError

import zoo as package
from zoo.export import requirements
from zoo.model.build import build
from zoo.weights.bundle import save
from zoo.weights.manifest import read_manifest


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """A folder with windows, some with gaps, and a classifier `run` trained on them."""
    home = tmp_path_factory.mktemp("exported")
    write_waves(home / "windows", train=60, test=6, gaps=True)
    source = {"kind": "data.npy", "path": str(home / "windows"), "layout": "c t"}
    data = {"source": source, "missing": "mask"}
    package.train({"model": SIGNAL, "data": data, "training": {"epochs": 1}}, home / "run", quiet=True)
    return home


@pytest.fixture
def here(trained, tmp_path, monkeypatch) -> Path:
    """A copy of it as working folder, and short measurements of time."""
    shutil.copytree(trained / "run", tmp_path / "run")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("zoo.model.latency._SECONDS", 0.0)
    return tmp_path


def test_a_run_becomes_a_checked_file(zoo, here):
    found = zoo("export", "run", "--format", "torchscript", "--out", "new/model.pt")
    assert found.status == 0
    assert "x (b, c=2, t=40) float32, any b, no missing samples" in found.out
    assert "logits (b, k=3) float32" in found.out
    assert "decisions equal, largest difference" in found.out
    assert "validation windows" in found.out
    assert "with missing samples left out" in found.out
    assert [word in found.out for word in ("ms, batch 1", "ms, batch 256")] == [True, True]
    model = package.load("run")
    x = torch.randn(5, 2, 40)
    with torch.no_grad():
        assert torch.equal(torch.jit.load("new/model.pt")(x), model(x).logits)


@pytest.mark.parametrize("name", ["onnx", "pt2"])
def test_the_result_as_json(zoo, here, name):
    found = zoo("export", "run", "--format", name, "--out", f"model.{name}", "--json").json
    assert found["size"] == (here / f"model.{name}").stat().st_size
    assert found["parameters"] == sum(p.numel() for p in package.load("run").parameters())
    assert found["facts"]["class_names"] == ["0", "1", "2"]
    assert found["facts"]["sha256"] == read_manifest(here / "run/bundle").sha256
    assert found["agreement"]["decisions"] == found["agreement"]["windows"]
    assert found["agreement"]["difference"] < 1e-4
    assert [(times["batch"], times["model"] > 0, times["file"] > 0) for times in found["latency"]] == [
        (1, True, True),
        (256, True, True),
    ]
    assert found["note"] == ""


def test_a_bundle_is_checked_on_noise(zoo, here):
    found = zoo("export", "run/bundle", "--format", "torchscript", "--out", "model.pt")
    assert found.status == 0
    assert "256/256 decisions equal" in found.out
    assert "on 256 windows of noise" in found.out
    assert found.err == (
        "zoo: note: checked on noise only: a bundle has no data; name its run, or windows with --data\n"
    )


CODED = {
    "fusion": {"kind": "fusion.channelwise"},
    "encoder": {"kind": "conv.encoder", "dim": 8},
    "quantizer": {"kind": "quantizers.ema", "codes": 6},
    "decoder": {"kind": "conv.decoder", "dim": 8},
}


def coded(here: Path, *_: object) -> None:
    """A bundle `coded` without a head."""
    save(build({"input": {"channels": 2, "length": 40, "classes": 3}, **CODED}), here / "coded")


def test_a_bundle_tokenizes_windows_of_other_data(zoo, here):
    coded(here)
    given = ("export", "coded", "--what", "tokenize", "--data", "run", "--format", "torchscript", "--out", "model.pt")
    found = zoo(*given)
    assert (found.status, found.err) == (0, "")
    assert "x (b, c, t=40) float32, any b and c, no missing samples" in found.out
    assert "codes (b, c, n=5, q=1) int64" in found.out
    assert "classes" not in found.out
    as_json = zoo(*given, "--json").json
    assert list(as_json["facts"]["output"]) == ["codes", "real", "mean", "std"]
    assert (as_json["facts"]["k"], "class_names" in as_json["facts"]) == (6, False)
    agreement = as_json["agreement"]
    assert agreement["codes"] == agreement["equal"] == agreement["windows"] * 2 * 5
    assert f"{agreement['equal']}/{agreement['codes']} codes equal" in found.out
    assert "validation windows" in agreement["source"]


def test_a_run_in_python_does_a_task(here):
    coded(here)
    with pytest.raises(SpecError, match="--what reconstruct: expected a model with a decoder"):
        package.Run("run").export("model.pt", "torchscript", what="reconstruct")
    assert package.Run("run").export("model.pt", "torchscript", what="classify").facts["output"] == {
        "logits": "(b, k=3) float32"
    }


def test_a_run_whose_data_moved_is_checked_on_noise_or_where_they_are_now(zoo, here, trained):
    given = ("export", "run", "--format", "torchscript", "--out", "model.pt")
    (trained / "windows").rename(trained / "elsewhere")
    try:
        noise = zoo(*given)
        real = zoo(*given, "--set", f"data.source.path={trained / 'elsewhere'}")
        wrong = zoo(*given, "--set", "data.source.path=nowhere")
    finally:
        (trained / "elsewhere").rename(trained / "windows")
    assert (noise.status, "windows of noise" in noise.out) == (0, True)
    assert "--set data.source.path=PLACE" in noise.err
    assert (real.status, "validation windows" in real.out) == (0, True)
    assert (wrong.status, wrong.err.count("\n")) == (2, 1)


def test_a_file_that_gives_other_results_is_not_written(zoo, here, monkeypatch):
    (here / "model.pt").write_text("older")
    monkeypatch.setattr("zoo.export.export_run.read", lambda name, content: lambda x: torch.ones(len(x), 3))
    found = zoo("export", "run", "--format", "torchscript", "--out", "model.pt")
    assert (found.status, found.out, found.err.count("\n")) == (2, "", 1)
    assert "the exported file: expected logits within 0.001 of the model's" in found.err
    assert (here / "model.pt").read_text() == "older"


Change = Callable[[Path, pytest.MonkeyPatch], Any]


def untrained(here: Path, patch: pytest.MonkeyPatch) -> None:
    save(build({"input": {"channels": 2, "length": 40, "classes": 3}, **SIGNAL}), here / "untrained")


def without_onnx(here: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(requirements, "find_spec", lambda name: None if name == "onnxscript" else name)


def image(here: Path, patch: pytest.MonkeyPatch) -> None:
    from zoo.testing import adapt

    model = build(
        {"input": {"channels": 2, "length": 40, "classes": 3}, "image": {"kind": "images.persistence", "size": 8},
         "head": {"kind": "wrn.image", "depth": 10}}
    )  # fmt: skip
    adapt(model, model.trace.signal)
    save(model, here / "image")


@pytest.mark.parametrize(
    ("arguments", "words", "change"),
    [
        (["missing", "--format", "pt2"], ["missing: expected the folder of a bundle"], None),
        (["run", "--format", "tflite"], ["--format", "onnx"], None),
        (["run", "--format", "onnx"], ["no onnxscript", 'pip install "shapezoo[export]"'], without_onnx),
        (["run/bundle", "--format", "pt2", "--set", "data.source.path=x"], ["--set: expected a run"], None),
        (["untrained", "--format", "pt2"], ["expected per-channel mean and deviation"], untrained),
        (["image", "--format", "pt2"], ["image images.persistence: ", "found shapezoo::persistence_diagram"], image),
        (
            ["run", "--format", "pt2", "--what", "tokenize"],
            ["--what tokenize: expected a model with a quantizer, found no quantizer in run; run can classify"],
            None,
        ),
        (["coded", "--format", "pt2", "--what", "classify"], ["coded can tokenize and reconstruct"], coded),
        (
            ["coded", "--format", "pt2", "--data", "run", "--set", "data.length.to=50"],
            ["data.length: expected 40 samples, as coded reads, found 50"],
            coded,
        ),
        (["image", "--format", "torchscript"], ["found shapezoo::persistence_diagram"], image),
    ],
)
def test_mistakes_give_one_line_and_no_file(zoo, here, monkeypatch, arguments, words, change):
    if change:
        change(here, monkeypatch)
    found = zoo("export", *arguments, "--out", "model")
    assert (found.status, found.out) == (2, "")
    assert found.err.count("\n") - found.err.count("zoo: note:") == 1
    assert all(word in found.err for word in words)
    assert not (here / "model").exists()


def test_a_folder_is_not_replaced(zoo, here):
    found = zoo("export", "run", "--format", "pt2", "--out", "run")
    assert (found.status, found.err) == (
        2,
        "zoo: --out: expected a file, found the folder run; add a file name such as model.onnx\n",
    )
