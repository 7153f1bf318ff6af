"""Images on disk: the same bits as images that are made, whatever happened to the files."""

import copy
import json
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from image_runs import IMAGE, filled, require_found, run_on, tensors
from stopped import differing
from waves import write_waves
from zoo_registry import Registry, ZooNote

from zoo.contracts import Standardize
from zoo.io.cache import cache_size
from zoo.model.build import build
from zoo.training import image_cache
from zoo.training.data import load_data
from zoo.training.fit import train
from zoo.training.image_cache import images_folder
from zoo.training.statistics import fill_statistics


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    """A cache of its own for each test."""
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    return images_folder()


@pytest.fixture
def no_cache(monkeypatch) -> Callable[[], None]:
    """From now on, nothing can be stored."""

    def disable() -> None:
        monkeypatch.setenv("ZOO_CACHE", "/dev/null")

    return disable


def keys(cache: Path) -> list[Path]:
    return sorted(cache.iterdir())


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("preset", ["pamap2", "geneactiv"])
def test_runs_with_and_without_a_cache_have_the_same_weights_and_scores(tmp_path, no_cache, preset, gaps):
    windows = write_waves(tmp_path / "windows", train=30, test=12, gaps=gaps)
    run = run_on(windows, IMAGE | {"preset": preset}, missing="mask" if gaps else "refuse")
    runs = [train(run, tmp_path / name, quiet=True) for name in ("making", "reading")]
    no_cache()
    with pytest.warns(ZooNote, match="images are not cached"):
        runs.append(train(run, tmp_path / "without", quiet=True))
    assert differing(runs[0], runs[1]) == differing(runs[0], runs[2]) == []


def test_stored_images_are_found_and_not_made(windows, cache):
    model, data = filled(run_on(windows))
    require_found(model, data)
    assert [path.name for path in sorted(keys(cache)[0].glob("[!.]*"))] == ["train", "validation"]


def test_windows_that_are_not_stored_are_made(windows):
    model, data = filled(run_on(windows))
    x, _ = tensors(data.train)
    mixed = torch.cat([x[:3], x[3:6] + 1, x[6:8], tensors(data.test)[0]])
    assert torch.equal(model.cached.of(model.image, mixed), model.image(mixed))
    hidden = torch.ones_like(x, dtype=torch.bool)
    hidden[:, :, 5:9] = False
    x = torch.where(hidden, x, 0)
    assert torch.equal(model.cached.of(model.image, x, hidden), model.image(x, hidden))


def test_images_of_other_buffers_are_made(windows):
    """As after a checkpoint whose image has learned from other data."""
    model, data = filled(run_on(windows))
    model.image.load_state_dict({**model.image.state_dict(), "scale.mean": torch.full((2,), 0.5)})
    x, _ = tensors(data.train)
    assert torch.equal(model.cached.of(model.image, x), model.image(x))


def test_images_of_a_model_in_float64_are_made_in_float64(windows):
    model, data = filled(run_on(windows))
    x = tensors(data.train)[0].double()
    assert torch.equal(model.double()(x).image, model.image(x))


def test_a_copied_model_makes_the_same_images(windows):
    model, data = filled(run_on(windows))
    x, _ = tensors(data.train)
    assert torch.equal(copy.deepcopy(model)(x).image, model(x).image)


def test_a_compiled_model_reads_the_same_images(windows):
    model, data = filled(run_on(windows))
    x, _ = tensors(data.train)
    expected = model.eval()(x).image
    compiled = torch.compile(model, backend="eager")
    model.image.forward = None
    assert torch.equal(compiled(x).image, expected)


def test_the_same_data_elsewhere_share_their_images(windows, tmp_path, cache):
    filled(run_on(windows))
    written = {path: path.stat().st_mtime_ns for path in cache.rglob("*.npy")}
    model, data = filled(run_on(Path(shutil.copytree(windows, tmp_path / "copy"))))
    require_found(model, data)
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*.npy")} == written


def change_data(windows: Path):
    x = np.load(windows / "X_train.npy")
    x[4, 0, 7] += 0.01
    np.save(windows / "X_train.npy", x)
    return run_on(windows)


OTHERS = {
    "data": change_data,
    "split": lambda windows: run_on(windows, split={"seed": 1}),
    "size": lambda windows: run_on(windows, IMAGE | {"size": 16}),
    "preset": lambda windows: run_on(windows, IMAGE | {"preset": "pamap2"}),
    "length": lambda windows: run_on(windows, length={"to": 32, "method": "crop"}),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_other_data_splits_or_specs_at_the_same_path_have_images_of_their_own(windows, cache, other):
    filled(run_on(windows))
    model, data = filled(other(windows))
    require_found(model, data)
    assert len(keys(cache)) == 2


def test_an_image_with_statistics_from_elsewhere_has_images_of_its_own(windows, cache):
    filled(run_on(windows))
    run = run_on(windows)
    data = load_data(run)
    model = build(run.with_input(data.data.input).model)
    assert isinstance(model.image.scale, Standardize)
    model.image.scale.fill(torch.zeros(2), torch.full((2,), 3.0))
    fill_statistics(model, data)
    require_found(model, data.data)
    assert len(keys(cache)) == 2


def test_another_version_of_the_plugin_has_images_of_its_own(windows, cache, monkeypatch):
    filled(run_on(windows))
    found = Registry.discover().plugins()
    monkeypatch.setattr(Registry, "plugins", lambda _: {**found, "images": "9.9"})
    require_found(*filled(run_on(windows)))
    assert len(keys(cache)) == 2


def flip_a_bit(part: Path) -> None:
    content = bytearray((part / "images.npy").read_bytes())
    content[-9] ^= 1
    (part / "images.npy").write_bytes(content)


def cut(part: Path) -> None:
    content = (part / "images.npy").read_bytes()
    (part / "images.npy").write_bytes(content[:-100])


def forget_windows(part: Path) -> None:
    (part / "windows.npy").unlink()


def spoil_the_manifest(part: Path) -> None:
    (part / "manifest.json").write_text("[1]")


def sign(part: Path) -> None:
    """Give the files of ``part`` the checksums of their content."""
    manifest = json.loads((part / "manifest.json").read_text())
    manifest["sha256"] = {name: sha256((part / name).read_bytes()).hexdigest() for name in manifest["sha256"]}
    (part / "manifest.json").write_text(json.dumps(manifest))


def as_by_other_code(part: Path) -> None:
    """Whole files with other images."""
    np.save(part / "images.npy", np.load(part / "images.npy") * np.float32(0.5))
    sign(part)


def as_of_half_the_windows(part: Path) -> None:
    for name in ("images.npy", "windows.npy"):
        np.save(part / name, np.load(part / name)[::2])
    sign(part)


def as_of_another_size(part: Path) -> None:
    np.save(part / "images.npy", np.load(part / "images.npy")[..., ::2])
    sign(part)


DAMAGE = [
    flip_a_bit,
    cut,
    forget_windows,
    spoil_the_manifest,
    as_by_other_code,
    as_of_half_the_windows,
    as_of_another_size,
]


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("split", ["train", "validation"])
def test_changed_files_are_made_again_with_a_note(windows, cache, damage, split):
    filled(run_on(windows))
    part = keys(cache)[0] / split
    damage(part)
    with pytest.warns(ZooNote, match=f"{split}: .*changed; the images are made again"):
        model, data = filled(run_on(windows))
    require_found(model, data)
    require_found(*filled(run_on(windows)))  # without a note


def test_a_folder_without_rights_or_a_file_in_its_place_is_a_note(windows, cache):
    cache.parent.mkdir()
    cache.write_text("a file")
    with pytest.warns(ZooNote, match=r"cache/images/\w+: .*; images are not cached, .* set ZOO_CACHE to") as notes:
        model, data = filled(run_on(windows))
    assert len(notes) == 1
    assert torch.equal(model(tensors(data.train)[0]).image, model.image(tensors(data.train)[0]))


def test_a_disk_without_space_is_a_note(windows, cache, monkeypatch):
    monkeypatch.setattr(image_cache, "_MOST", 0)
    with pytest.warns(ZooNote, match=r"0\.0 GB of images .* GB free; images are not cached"):
        filled(run_on(windows))
    assert list(cache.rglob("*.npy")) == []


def test_what_is_in_the_cache_counts_towards_its_share_of_the_disk(windows, cache, monkeypatch):
    first = filled(run_on(windows))
    free, taken = 100_000, cache_size()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    monkeypatch.setattr(image_cache, "_MOST", 1.1 * taken / (taken + free))
    with pytest.warns(ZooNote, match="images are not cached"):
        filled(run_on(windows, IMAGE | {"size": 16}))
    require_found(*first)


def test_a_disk_that_fills_while_images_are_written_is_a_note(tmp_path, small_disk, monkeypatch):
    monkeypatch.setenv("ZOO_CACHE", str(small_disk))
    monkeypatch.setattr(image_cache, "_MOST", 1e9)
    windows = write_waves(tmp_path / "many", train=60, test=12)
    with pytest.warns(ZooNote, match="No space left on device; images are not cached"):
        filled(run_on(windows, IMAGE | {"size": 256}))
    assert list(small_disk.rglob("*.npy")) == []
