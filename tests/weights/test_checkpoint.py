"""A file from outside is read as data or refused in one line; nothing in it is ever executed."""

import argparse
import io
import os
import pickle
import struct
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from zoo_registry import BundleError

from zoo.weights.checkpoint import read_checkpoint

WEIGHTS = OrderedDict(a=torch.arange(6.0).view(2, 3), b=torch.tensor(7))


def refused(path):
    """The one line with which ``path`` is refused."""
    with pytest.raises(BundleError) as caught:
        read_checkpoint(path)
    assert "\n" not in str(caught.value)
    assert "weights_only" not in str(caught.value)
    assert str(caught.value).startswith(str(path))
    return str(caught.value)


@pytest.fixture
def save(tmp_path):
    """Write a file with torch.save, in its current format or in the old one, a sequence of pickles."""

    def save(content, today=True):
        path = tmp_path / "a.ckpt"
        torch.save(content, path, _use_new_zipfile_serialization=today)
        return path

    return save


@pytest.mark.parametrize("today", [True, False])
def test_tensors_and_their_metadata_are_read(save, today):
    beside = {"epoch": 3, "hyper_parameters": {"name": "x", "on": True}, "optimizer_states": [{"m": torch.ones(2)}]}
    found = read_checkpoint(save({"state_dict": WEIGHTS, **beside}, today))
    assert found.tensors.keys() == WEIGHTS.keys()
    assert all(torch.equal(found.tensors[name], tensor) for name, tensor in WEIGHTS.items())
    assert found.entries["hyper_parameters"] == beside["hyper_parameters"]
    assert found.entries["epoch"] == 3


@pytest.mark.parametrize("today", [True, False])
def test_harmless_objects_become_plain_data(save, today):
    plain = {"a": 1, "where": Path("some/where"), "lr": np.float64(0.25), "n": np.int32(-3), "on": np.bool_(True)}
    content = {"state_dict": WEIGHTS, "hyper_parameters": argparse.Namespace(**plain), "kind": torch.float16}
    found = read_checkpoint(save(content, today)).entries
    assert found["hyper_parameters"] == {"a": 1, "where": "some/where", "lr": 0.25, "n": -3, "on": True}
    assert {type(value) for value in found["hyper_parameters"].values()} == {int, str, float, bool}
    assert found["kind"] == torch.float16


@pytest.mark.parametrize("prefix", ["", "module.", "model.", "model._orig_mod.", "module.model.model."])
@pytest.mark.parametrize("under", ["state_dict", "model_state_dict", "model", None])
def test_prefixes_of_wrappers_are_removed_from_names(save, prefix, under):
    state = {prefix + name: tensor for name, tensor in WEIGHTS.items()}
    assert read_checkpoint(save(state if under is None else {under: state})).tensors.keys() == WEIGHTS.keys()


def test_a_prefix_that_not_every_name_has_is_kept(save):
    state = {"model.a": torch.ones(1), "metric.b": torch.ones(1)}
    assert read_checkpoint(save(state)).tensors.keys() == state.keys()


def test_two_names_that_become_one_are_refused(save):
    assert "each tensor once" in refused(save({"a._orig_mod.b": torch.ones(1), "a.b": torch.ones(1)}))


class Evil:
    """Creates a folder when it is unpickled."""

    def __init__(self, call, *arguments):
        self.call, self.arguments = call, arguments

    def __reduce__(self):
        return self.call, self.arguments


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("write", ["zip", "row", "pickle"])
@pytest.mark.parametrize("place", ["weights", "beside", "all"])
def test_a_pickle_that_would_run_code_is_named_and_not_run(tmp_path, protocol, write, place):
    done = tmp_path / "done"
    evil = Evil(os.mkdir, str(done))
    content = {"weights": {"state_dict": {"a": evil}}, "beside": {"state_dict": WEIGHTS, "x": evil}, "all": evil}[place]
    path = tmp_path / "a.ckpt"
    if write == "pickle":
        path.write_bytes(pickle.dumps(content, protocol))
    else:
        torch.save(content, path, pickle_protocol=protocol, _use_new_zipfile_serialization=write == "zip")
    line = refused(path)
    # A pickle of protocol 0 or 1 does not look like a checkpoint, unless it is in a zip archive.
    assert f"{os.mkdir.__module__}.mkdir" in line or (write != "zip" and protocol < 2)
    assert not done.exists()


@pytest.mark.parametrize("call", [eval, exec, __import__, getattr, open, bytearray, torch.load, torch.hub.load])
def test_every_call_is_refused(save, call):
    assert refused(save({"state_dict": WEIGHTS, "x": Evil(call, "1")}))


def test_a_tensor_that_claims_a_larger_size_allocates_no_memory(save):
    line = refused(save({"state_dict": {"huge": torch.zeros(1).expand(10**6, 10**6)}}))
    assert "huge: expected shape (1000000, 1000000) in 4,000,000,000,000 bytes, found 4;" in line


@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor:UserWarning")
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: torch.eye(3).to_sparse(), "sparse"),
        (lambda: torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8), "quantized"),
        (lambda: torch.ones(3, dtype=torch.complex64), "complex64"),
        (lambda: torch.ones(3, device="meta"), "meta"),
        (lambda: torch.tensor([1.0, torch.nan]), "NaN"),
        (lambda: torch.tensor([1.0, -torch.inf]), "infinity"),
        (lambda: torch.tensor([1e300], dtype=torch.float64), "a number beyond"),
    ],
)
def test_a_tensor_that_cannot_be_a_weight_is_refused_by_name(save, make, words):
    line = refused(save({"state_dict": {"first": torch.ones(2), "second": make()}}))
    assert ": second: expected" in line
    assert words in line


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (torch.ones(3), "a dictionary of tensors, found Tensor"),
        ([WEIGHTS], "found list"),
        ({}, "found none"),
        ({"state_dict": {}}, "found none"),
        ({"epoch": 3}, "found none"),
        ({"state_dict": {"a": 3}}, "'a': int"),
        ({"state_dict": {3: torch.ones(1)}}, "3: Tensor"),
    ],
)
@pytest.mark.parametrize("today", [True, False])
def test_a_file_without_a_state_dict_is_refused(save, content, words, today):
    assert words in refused(save(content, today))


def safetensors(path):
    save_file(dict(WEIGHTS), path)


def no_torch(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "a")


def compressed(path):
    stored = io.BytesIO()
    torch.save({"state_dict": {"a": torch.zeros(10**6)}}, stored)
    with zipfile.ZipFile(stored) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in old.namelist():
            archive.writestr(name, old.read(name))


def one_entry_many_times(path):
    torch.save({"state_dict": {"a": torch.zeros(1000)}}, path)
    content = path.read_bytes()
    start = content.index(b"PK\x01\x02")
    end = content.index(b"PK\x06\x06") if b"PK\x06\x06" in content else content.index(b"PK\x05\x06")
    directory, count = content[start:end] * 20, content[start:end].count(b"PK\x01\x02") * 20
    tail = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), start, 0)
    path.write_bytes(content[:start] + directory + tail)


WRONG = {
    "an empty file": lambda path: path.write_bytes(b""),
    "a text file": lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\n"),
    "a file of safetensors": safetensors,
    "a file of another kind": lambda path: path.write_bytes(bytes(range(255, 0, -1))),
    "a folder": lambda path: path.mkdir(),
    "no such file": lambda path: None,
    "0 entries named data.pkl": no_torch,
    "compressed entries": compressed,
    "a zip archive cut short": lambda path: path.write_bytes(b"PK\x03\x04" + bytes(100)),
    "bytes; copy or download it again": one_entry_many_times,
    "another kind of file": lambda path: torch.save({"state_dict": WEIGHTS}, path, pickle_protocol=4),
}


@pytest.mark.parametrize("words", sorted(WRONG))
def test_a_file_of_another_kind_is_refused_with_its_kind(tmp_path, words):
    path = tmp_path / "a.ckpt"
    WRONG[words](path)
    assert words in refused(path)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs rights that can be lacking")
def test_missing_permissions_are_reported(save):
    path = save(WEIGHTS)
    path.chmod(0)
    assert "Permission denied" in refused(path)


def test_a_file_larger_than_memory_is_not_opened(save, monkeypatch):
    path = save(WEIGHTS)
    monkeypatch.setattr("zoo.weights.checkpoint.available", lambda: 100)
    assert "at most 100 bytes" in refused(path)


def stored(today):
    content = io.BytesIO()
    torch.save({"state_dict": WEIGHTS, "epoch": 3}, content, _use_new_zipfile_serialization=today)
    return content.getvalue()


FILES = {today: stored(today) for today in (True, False)}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(today=st.booleans(), data=st.data())
def test_a_truncated_file_is_refused(tmp_path, today, data):
    whole = FILES[today]
    path = tmp_path / "a.ckpt"
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    refused(path)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(today=st.booleans(), data=st.data())
def test_a_file_with_changed_bytes_is_read_or_refused(tmp_path, today, data):
    mangled = bytearray(FILES[today])
    for _ in range(data.draw(st.integers(1, 3))):
        mangled[data.draw(st.integers(0, len(mangled) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "a.ckpt"
    path.write_bytes(mangled)
    try:
        found = read_checkpoint(path)
    except BundleError:
        refused(path)
        return
    if today:  # checksums protect every number
        assert all(torch.equal(found.tensors[name], tensor) for name, tensor in WEIGHTS.items())


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300), start=st.sampled_from([b"", b"PK\x03\x04", b"\x80\x02", FILES[False][:15]]))
def test_random_bytes_are_refused(tmp_path, content, start):
    path = tmp_path / "a.ckpt"
    path.write_bytes(start + content)
    refused(path)
