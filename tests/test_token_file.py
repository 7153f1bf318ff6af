"""The codes of a data set in one file: the model's outputs for every window, in bounded memory."""

import dataclasses
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from small_runs import PUBLISHED
from zoo_data import BundledSource
from zoo_registry import DataError, DataSpec, Registry, ShapeError, SpecError, ZooError

import zoo
from zoo.codebook.token_file import write_tokens
from zoo.data import DataSet, prepare

SHARED = Path(__file__).parents[1] / "../shared/data"
CHANNELS, LENGTH = 2, 40
SHAPES = {
    "encoder": {"kind": "vqshape.encoder", **PUBLISHED, "patches": 8, "dim": 16, "heads": 2, "layers": 1,
                "tokenizer_heads": 2, "tokenizer_layers": 1},
    "quantizer": {"kind": "vqshape.codebook", "codes": 300},
}  # fmt: skip
PLAIN = {
    "fusion": {"kind": "fusion.attention"},
    "encoder": {"kind": "conv.encoder", "dim": 8},
    "quantizer": {"kind": "quantizers.residual", "codes": 6, "levels": 3},
    "decoder": {"kind": "conv.decoder", "dim": 8},
    "scale": "none",
}


class Written(NamedTuple):
    """A model, its data, and the content of the file."""

    model: zoo.ZooModel
    data: DataSet
    arrays: dict[str, np.ndarray]


def model_of(parts: dict[str, Any], channels: int = CHANNELS, length: int = LENGTH) -> zoo.ZooModel:
    torch.manual_seed(0)
    return zoo.build({"input": {"channels": channels, "length": length, "classes": 3}, **parts}).eval()


def contents(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as found:
        return dict(found)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """70 windows to train on and 12 to judge, with subjects of unequal names, in `windows`."""
    home = tmp_path / "windows"
    home.mkdir()
    draw = np.random.default_rng(0)
    for split, count, people in (("train", 70, ["ann", "bo"]), ("test", 12, ["isabella"])):
        np.save(home / f"X_{split}.npy", draw.normal(size=(count, CHANNELS, LENGTH)).cumsum(-1).astype(np.float32))
        np.save(home / f"y_{split}.npy", np.array([3, 5, 8])[np.arange(count) % 3])
        np.save(home / f"subject_{split}.npy", np.array(people)[np.arange(count) % len(people)])
    return home


@pytest.fixture
def data(folder: Path) -> dict[str, Any]:
    return {"source": {"kind": "data.npy", "path": str(folder), "layout": "c t", "subject": "subject"},
            "split": {"by": "class"}}  # fmt: skip


@pytest.fixture
def written(tmp_path: Path, data: dict[str, Any]) -> Callable[..., Written]:
    """Write the tokens that a model gives, with fields of the data changed."""

    def write(parts: dict[str, Any], batch: int = 64, split: Any = "all", **changes: Any) -> Written:
        found, model = prepare(Registry.discover().data(data | changes)), model_of(parts)
        write_tokens(model, found, tmp_path / "tokens.npz", split, batch=batch)
        return Written(model, found, contents(tmp_path / "tokens.npz"))

    return write


def gaps(folder: Path) -> dict[str, Any]:
    """Gaps in the stored windows, and padding at their end."""
    x = np.load(folder / "X_train.npy")[..., :30]
    x[3, :, 5:9] = x[8, 0, :] = np.nan
    x[8, 0, 2] = 1
    np.save(folder / "X_train.npy", x)
    np.save(folder / "X_test.npy", np.load(folder / "X_test.npy")[..., :30])
    return {"missing": "mask", "length": {"to": LENGTH, "method": "pad"}}


@pytest.mark.parametrize("parts", [SHAPES, PLAIN], ids=["shapes", "plain"])
@pytest.mark.parametrize("masked", [False, True])
def test_the_file_holds_the_outputs_of_the_model(written, folder, parts, masked):
    model, data, arrays = written(parts, **(gaps(folder) if masked else {}))
    start = 0
    for split in (data.train, data.validation, data.test):
        own = slice(start, start := start + len(split))
        assert set(arrays["split"][own]) == {split.name}
        x, mask = split.read(slice(None))
        with torch.no_grad():
            output = model.encode(torch.from_numpy(x), None if mask is None else torch.from_numpy(mask))
        np.testing.assert_array_equal(arrays["codes"][own], output.quantized.codes)
        tokens = output.tokens
        real = np.ones(tokens.values.shape[:3], bool) if tokens.mask is None else tokens.mask.numpy()
        np.testing.assert_array_equal(arrays["real"][own], real)
        floats = {**output.attributes,
                  **(output.scale._asdict() if output.scale else {})}  # fmt: skip
        for name, value in floats.items():
            np.testing.assert_allclose(arrays[name][own], value.reshape(arrays[name][own].shape), rtol=1e-5, atol=1e-6)
    assert start == len(arrays["codes"]) == 82
    expected = {"t", "l", "mu", "sigma", "mean", "std"} if parts is SHAPES else set()
    assert arrays.keys() & {"t", "l", "mu", "sigma", "mean", "std"} == expected
    assert arrays["real"].all() == (not masked or parts is SHAPES)


def test_every_window_is_identified(written, folder):
    _, data, arrays = written(SHAPES)
    stored = {name: np.load(folder / f"{name}_train.npy") for name in ("y", "subject")}
    own = arrays["split"] != "test"
    assert sorted(arrays["row"][own]) == list(range(70))
    assert arrays["row"][~own].tolist() == list(range(12))
    assert arrays["classes"][arrays["y"][own]].tolist() == stored["y"][arrays["row"][own]].astype(str).tolist()
    assert arrays["subject"][own].tolist() == stored["subject"][arrays["row"][own]].tolist()
    assert set(arrays["subject"][~own]) == {"isabella"}
    assert arrays["fingerprint"] == data.fingerprint
    assert "group" not in arrays


def test_one_split_alone_has_the_same_codes(written):
    every = written(PLAIN).arrays
    for split in ("train", "validation", "test"):
        alone = written(PLAIN, split=split).arrays
        for name, array in alone.items():
            whole = every[name] if array.shape[:1] != alone["y"].shape else every[name][every["split"] == split]
            np.testing.assert_array_equal(array, whole)


@pytest.mark.parametrize("parts", [SHAPES, PLAIN], ids=["shapes", "plain"])
def test_batch_size_changes_no_code(written, parts):
    expected = written(parts).arrays
    for batch in (1, 5, 200):
        found = written(parts, batch=batch).arrays
        np.testing.assert_array_equal(found["codes"], expected["codes"])
        for name in found.keys() & {"t", "l", "mu", "sigma", "mean", "std"}:
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("codes", "dtype"), [(2, "u1"), (256, "u1"), (257, "u2"), (65536, "u2")])
def test_codes_have_the_smallest_type_that_holds_them(written, codes, dtype):
    quantizer = {"kind": "quantizers.ema", "codes": codes}
    arrays = written({**PLAIN, "quantizer": quantizer}, split="test").arrays
    assert (arrays["codes"].dtype, arrays["k"]) == (np.dtype(dtype), codes)


def test_memory_is_that_of_one_batch(tmp_path):
    def peak(windows: int) -> int:
        x = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.float32, (windows, CHANNELS, LENGTH))
        x[:] = np.arange(LENGTH)
        few = prepare(DataSpec(source=BundledSource()))
        rows = np.arange(windows)
        split = dataclasses.replace(few.train, source=x, rows=rows, y=rows % 3, subject=None, group=None)
        many = dataclasses.replace(few, train=split)
        tracemalloc.start()
        write_tokens(model, many, tmp_path / "tokens.npz", "train")
        _, found = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return found

    model = model_of(SHAPES)
    peak(64)
    small, large = peak(640), peak(3200)
    assert (tmp_path / "tokens.npz").stat().st_size > 1_000_000
    assert large < small + 100_000


def test_a_failure_leaves_the_old_file(tmp_path, data, monkeypatch):
    target = tmp_path / "tokens.npz"
    target.write_text("old")
    model, found = model_of(SHAPES), prepare(Registry.discover().data(data))

    def stop(done: int, total: int) -> None:
        assert (done, total) == (56, 82) or done < 56
        if done == 56:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_tokens(model, found, target, seen=stop)
    assert target.read_text() == "old"
    assert {path.name for path in tmp_path.iterdir()} == {"tokens.npz", "windows"}


@pytest.fixture
def saved(tmp_path: Path) -> Callable[..., Path]:
    def save(parts: dict[str, Any], **sizes: int) -> Path:
        zoo.save(model_of(parts, **sizes), tmp_path / "bundle")
        return tmp_path / "bundle"

    return save


def test_bundle_and_data_may_come_from_a_run(tmp_path, saved, data):
    bundle, run = saved(SHAPES), tmp_path / "run"
    expected = zoo.tokenize(bundle, data, tmp_path / "expected.npz")
    assert (expected.windows, expected.codes) == ({"train": 56, "validation": 14, "test": 12}, 300)
    run.mkdir()
    stored = Registry.discover().run({"model": SHAPES, "data": data}).dump()
    (run / "run.json").write_text(json.dumps({"run": stored, "fingerprint": "f"}))
    bundle.rename(run / "bundle")
    zoo.tokenize(run, run, tmp_path / "found.npz")
    zoo.tokenize(run, Registry.discover().data(data), tmp_path / "again.npz")
    for name in ("found", "again"):
        assert (tmp_path / f"{name}.npz").read_bytes() == (tmp_path / "expected.npz").read_bytes()


def test_a_channelwise_model_accepts_any_number_of_channels(tmp_path, saved, data):
    found = zoo.tokenize(saved(SHAPES, channels=1), data, tmp_path / "one.npz")
    assert found.shapes["codes"] == (82, CHANNELS, 8, 1)
    zoo.tokenize(saved(SHAPES), data, tmp_path / "two.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


@pytest.mark.parametrize(
    ("parts", "sizes", "out", "error", "words"),
    [
        ({"encoder": SHAPES["encoder"]}, {}, "x.npz", SpecError, ["bundle: expected a model with a quantizer"]),
        ({"head": {"kind": "wrn.signal", "depth": 10}}, {}, "x.npz", SpecError, ["a model with a quantizer"]),
        (SHAPES, {"length": 48}, "x.npz", ShapeError, ["data.length: expected 48", "found 40", '"length": {"to": 48}']),
        (PLAIN, {"channels": 3}, "x.npz", DataError, ["data: expected 3 channels", "found 2"]),
        (SHAPES, {}, "x.npy", SpecError, ["out: expected a file that ends in .npz, found 'x.npy'"]),
        (SHAPES, {}, "windows", SpecError, ["found a folder"]),
    ],
)
def test_a_misfit_is_refused_in_one_line(tmp_path, saved, data, parts, sizes, out, error, words):
    with pytest.raises(error) as caught:
        zoo.tokenize(saved(parts, **sizes), data, tmp_path / out)
    assert all(word in str(caught.value) for word in words)
    assert isinstance(caught.value, ZooError)
    assert {path.name for path in tmp_path.iterdir()} == {"bundle", "windows"}


needs_shared = pytest.mark.skipif(not SHARED.exists(), reason="the shared folder with real recordings is not here")


@needs_shared
def test_epilepsy(tmp_path, saved):
    data = {"source": {"kind": "data.ts", "path": str(SHARED / "uea/Epilepsy")}, "length": {"to": 208}}
    found = zoo.tokenize(saved(SHAPES, channels=1, length=208), data, tmp_path / "tokens.npz")
    assert sum(found.windows.values()) == 275
    arrays = contents(found.path)
    assert arrays["codes"].shape == (275, 3, 8, 1)
    assert len(np.unique(arrays["codes"])) > 1
    assert sorted(arrays["row"][arrays["split"] == "test"]) == list(range(138))


@needs_shared
@pytest.mark.slow
def test_wrist(tmp_path, saved):
    source = {"kind": "data.npy", "path": str(SHARED / "wrist_adl14"), "layout": "c t", "test": "val",
              "subject": "subject", "group": "trial", "classes": "classes.txt"}  # fmt: skip
    encoder = SHAPES["encoder"] | {"patches": 50, "tokens": 50, "dim": 32}
    bundle = saved(SHAPES | {"encoder": encoder}, channels=3, length=500)
    found = zoo.tokenize(bundle, {"source": source}, tmp_path / "tokens.npz", "test")
    arrays = contents(found.path)
    assert arrays["codes"].shape == (886, 3, 50, 1)
    np.testing.assert_array_equal(arrays["y"], np.load(SHARED / "wrist_adl14/y_val.npy"))
    assert arrays["subject"].tolist() == np.load(SHARED / "wrist_adl14/subject_val.npy").tolist()
    raw = np.load(SHARED / "wrist_adl14/X_val.npy").astype(np.float32)
    np.testing.assert_allclose(arrays["mean"], raw.mean(-1), atol=1e-5)
