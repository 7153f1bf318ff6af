"""A zip archive of a bundle is read like its folder, and nothing is written beside a bundle that is read."""

import os
import shutil
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from zoo_registry import BundleError

import zoo
from zoo.weights.manifest import read_manifest
from zoo.weights.source import read_source


@pytest.fixture
def bundle(make, tmp_path: Path) -> Path:
    zoo.save(make(), tmp_path / "models" / "bundle")
    return tmp_path / "models" / "bundle"


def zipped(bundle: Path, changed: dict[str, bytes | None], prefix: str = "bundle/") -> Path:
    """An archive of the bundle with some files changed; None leaves one out."""
    files = {prefix + path.name: path.read_bytes() for path in bundle.iterdir()} | changed
    archive = bundle.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as written:
        for name, content in files.items():
            if content is not None:
                written.writestr(name, content)
    return archive


@pytest.mark.parametrize("prefix", ["", "bundle/", "some/where/"])
def test_a_zipped_bundle_loads_like_its_folder(bundle, prefix):
    archive = zipped(bundle, {"__MACOSX/bundle/._spec.json": b"of the system"}, prefix)
    assert read_manifest(archive) == read_manifest(bundle)
    expected, found = zoo.load(bundle).state_dict(), zoo.load(archive).state_dict()
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())
    assert read_source(archive).tensors.keys() == expected.keys()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"bundle/notes.txt": b""}, "found bundle/notes.txt"),
        ({"../notes.txt": b""}, "found ../notes.txt"),
        ({"bundle/spec.json": None}, "found bundle/model.safetensors"),
        ({"other/spec.json": b"{}"}, "other/spec.json"),
        ({"bundle/spec.json": None, "other/spec.json": b"{}"}, "other/spec.json"),
        ({"bundle/spec.json": None, "bundle/model.safetensors": None}, "no file"),
        ({"bundle/model.safetensors": bytes(2**20)}, "shrink as weights do"),
        ({"bundle/model.safetensors": b"other"}, "sha256"),
    ],
)
def test_another_archive_is_refused_in_one_line(bundle, changed, words):
    archive = zipped(bundle, changed)
    with pytest.raises(BundleError, match=words) as refused:
        zoo.load(archive)
    assert "\n" not in str(refused.value)
    assert str(archive) in str(refused.value)


def test_a_damaged_archive_is_refused(bundle):
    archive = zipped(bundle, {})
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 1
    archive.write_bytes(content)
    with pytest.raises(BundleError, match="can be unpacked"):
        zoo.load(archive)


def test_nothing_is_written_where_a_bundle_is_read(bundle):
    archive = zipped(bundle, {})
    for path in (bundle, *bundle.iterdir(), archive, bundle.parent):
        path.chmod(0o555 if path.is_dir() else 0o444)  # for users whom permissions bind
    before = {path: os.stat(path).st_mtime_ns for path in bundle.parent.rglob("*")}
    zoo.load(bundle)
    zoo.load(archive)
    assert {path: os.stat(path).st_mtime_ns for path in bundle.parent.rglob("*")} == before
    for path in (bundle, bundle.parent):
        path.chmod(0o755)


def test_a_hidden_file_of_the_system_is_not_a_part_of_a_bundle(bundle):
    (bundle / ".DS_Store").touch()
    zoo.load(bundle)


def test_other_files_in_a_bundle_of_the_first_format_are_left_alone(tmp_path):
    stored = Path(__file__).parents[1] / "earlier" / "run" / "bundle"
    shutil.copytree(stored, tmp_path / "bundle")
    (tmp_path / "bundle" / "notes.txt").touch()
    assert zoo.load(tmp_path / "bundle").spec == zoo.load(stored).spec
    save_file({"a": torch.zeros(1)}, tmp_path / "bundle" / "model.safetensors")
    with pytest.raises(BundleError, match="sha256"):
        zoo.load(tmp_path / "bundle")
