"""A data spec is read from a file of its own, from a run, or from a few words."""

import json
import subprocess
import sys
from typing import get_args

import numpy as np
import pytest
from zoo_registry import DataSpec, Registry, SpecError, ZooError
from zoo_registry.data import Source

from zoo.specs.read import read_data

REGISTRY = Registry.discover()
DATA = {"source": {"format": "ts", "path": "folder"}, "missing": "mask"}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data.json"


@pytest.mark.parametrize(
    "content", [DATA, {"model": {}, "data": DATA}, {"run": {"model": {}, "data": DATA}, "fingerprint": "f"}]
)
def test_data_are_read_from_a_data_file_a_run_file_and_a_run_folder(path, content):
    path.write_text(json.dumps(content))
    assert read_data(path, REGISTRY) == read_data(str(path), REGISTRY) == DataSpec.model_validate(DATA)
    path.rename(path.with_name("run.json"))
    assert read_data(path.parent, REGISTRY) == DataSpec.model_validate(DATA)


@pytest.mark.parametrize("content", [DATA, {"model": {}, "data": DATA}])
def test_plain_data(content):
    assert read_data(content, REGISTRY) == DataSpec.model_validate(DATA)


@pytest.mark.parametrize("source", get_args(get_args(Source)[0]))
def test_every_format_has_a_short_form(source, tmp_path, monkeypatch):
    form = source.model_fields["format"].default
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a" / "b:c").mkdir(parents=True)
    np.save(tmp_path / "a" / "b:c" / "X_train.npy", np.zeros((4, 3, 50)))
    found = read_data(f"{form}:arrow_head" if form == "aeon" else f"{form}:a/b:c", REGISTRY)
    assert type(found.source) is source
    assert (found.source.name if form == "aeon" else found.source.path) == ("arrow_head" if form == "aeon" else "a/b:c")


def test_fields_are_changed_as_in_a_run(path):
    path.write_text(json.dumps({"model": {}, "data": DATA}))
    changes = ["data.length.to=64", "data.split.test=0.25", "data.missing=refuse", "data.source.path=there"]
    found = read_data(path, REGISTRY, changes)
    assert found.length is not None
    assert (found.length.to, found.split.test, found.missing) == (64, 0.25, "refuse")
    assert found.source.path == "there"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"source": {"format": "ts", "pth": "x"}}, ["data.source.pth", "did you mean 'path'?"]),
        ({"source": {"format": "tsv", "path": "x"}}, ["data.source", "'ts'"]),
        ({"model": {}}, ["data: expected"]),
        ({"model": {}, "sha256": ""}, ["data.json: expected data or a run, found a bundle"]),
        ({"encoder": {}}, ["data.encoder", "known field"]),
        ([], ["data: expected"]),
    ],
)
def test_invalid_data_are_refused_with_their_path_in_a_run(path, content, words):
    path.write_text(json.dumps(content))
    with pytest.raises(SpecError) as caught:
        read_data(path, REGISTRY)
    assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("npy:nowhere", ["nowhere", "X_*.npy", "no such folder"]),
        ("aeon:nothing", ["data.source.name", "basic_motions"]),
        ("nothing.json", ["nothing.json", "no such file"]),
        ("tsv:folder", ["tsv:folder", "a format among ts, npy, mat, aeon", "npy:FOLDER"]),
    ],
)
def test_a_short_form_that_names_no_data_is_refused(source, words):
    with pytest.raises(ZooError) as caught:
        read_data(source, REGISTRY)
    assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize(
    ("file", "form"), [("X_train.npy", "npy"), ("w.mat", "mat"), ("N_TRAIN.ts", "ts"), ("x", "ts")]
)
def test_a_folder_of_files_is_refused_with_its_short_form(tmp_path, file, form):
    (tmp_path / file).touch()
    with pytest.raises(SpecError, match=rf"say how to read it, such as {form}:{tmp_path}"):
        read_data(tmp_path, REGISTRY)


def test_arrays_in_short_form_are_read_in_their_layout_and_with_changes(tmp_path):
    for split in ("train", "val"):
        np.save(tmp_path / f"X_{split}.npy", np.zeros((4, 50, 3)))
        np.save(tmp_path / f"subject_{split}.npy", np.arange(4))
    source = read_data(f"npy:{tmp_path}", REGISTRY).source
    assert (source.layout, source.test, source.subject) == ("t c", "val", "subject")
    changes = ["data.source.layout=c t", "data.source.subject=null"]
    source = read_data(f"npy:{tmp_path}", REGISTRY, changes).source
    assert (source.layout, source.test, source.subject) == ("c t", "val", None)


def test_torch_is_not_imported():
    program = (
        "import sys; from zoo_registry import Registry; from zoo.specs.read import read_data; "
        "read_data('aeon:arrow_head', Registry.discover()); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
