"""A data spec is read from a file of its own, from a run, or from a few words."""

import json
import subprocess
import sys

import numpy as np
import pytest
from zoo_registry import Registry, SpecError, ZooError

from zoo.specs.read import read_data

REGISTRY = Registry.discover()
DATA = {"source": {"kind": "data.ts", "path": "folder"}, "missing": "mask"}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data.json"


@pytest.mark.parametrize(
    "content", [DATA, {"model": {}, "data": DATA}, {"run": {"model": {}, "data": DATA}, "fingerprint": "f"}]
)
def test_data_are_read_from_a_data_file_a_run_file_and_a_run_folder(path, content):
    path.write_text(json.dumps(content))
    assert read_data(path, REGISTRY) == read_data(str(path), REGISTRY) == REGISTRY.data(DATA)
    path.rename(path.with_name("run.json"))
    assert read_data(path.parent, REGISTRY) == REGISTRY.data(DATA)


@pytest.mark.parametrize("content", [DATA, {"model": {}, "data": DATA}])
def test_plain_data(content):
    assert read_data(content, REGISTRY) == REGISTRY.data(DATA)


@pytest.mark.parametrize("kind", REGISTRY.kinds("source"))
def test_every_source_has_a_short_form(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place = "arrow_head" if kind == "data.aeon" else "a/b:c"
    folder = tmp_path / "a" / "b:c"
    folder.parent.mkdir()
    if kind == "data.csv":
        folder.write_text("window,x,label\n0,1,a\n")
    else:
        folder.mkdir()
        np.save(folder / "X_train.npy", np.zeros((4, 3, 50)))
    found = read_data(f"{kind.removeprefix('data.')}:{place}", REGISTRY)
    assert (found.source.kind, found.source.location) == (kind, place)
    assert read_data(f"{kind}:{place}", REGISTRY) == found


def test_the_spelling_of_version_0_1_is_read(path):
    old = {"source": {"format": "npy", "path": "p", "layout": "c t"}}
    new = {"source": {"kind": "data.npy", "path": "p", "layout": "c t"}}
    assert REGISTRY.data(old) == REGISTRY.data(new)
    path.write_text(json.dumps({"model": {}, "data": old}))
    for change in ("data.source.format=mat", "data.source.kind=data.mat"):
        assert read_data(path, REGISTRY, [change]).source.kind == "data.mat"
    with pytest.raises(SpecError, match=r"data\.source\.format: expected a known field"):
        REGISTRY.data({"source": old["source"] | new["source"]})


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
        ({"source": {"kind": "data.ts", "pth": "x"}}, ["data.source.pth", "did you mean 'path'?"]),
        ({"source": {"format": "tsv", "path": "x"}}, ["data.source.kind", "did you mean 'data.ts'?"]),
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
        ("tsv:folder", ["tsv:folder", "a kind among aeon, csv, mat, mix, npy, ts", "npy:FOLDER"]),
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
    with pytest.raises(SpecError, match=rf"name its format, such as {form}:{tmp_path}"):
        read_data(tmp_path, REGISTRY)


@pytest.mark.parametrize("place", [".", "..", "/"])
def test_a_folder_without_a_name_of_its_own_is_a_folder(place, tmp_path, monkeypatch):
    (tmp_path / "inner").mkdir()
    monkeypatch.chdir(tmp_path / "inner")
    with pytest.raises(SpecError, match="a JSON file, the folder of a run, or KIND:PLACE"):
        read_data(place, REGISTRY)


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
