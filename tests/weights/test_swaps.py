"""A bundle that is replaced while others load it: every load gets completely one or the other."""

import os
import subprocess
import sys
import threading

import pytest
import torch
from killed import killed_at, steps_of

import zoo
from zoo.io import exchange, files
from zoo.io.files import current, new_folder, opened

SWAPS = int(os.environ.get("ZOO_SWAPS", "50"))
"""A larger number looks longer."""
SWAPPING = """
import sys
from pathlib import Path
from zoo.io.files import new_folder

print("ready", flush=True)
for turn in range(int(sys.argv[2])):
    with new_folder(Path(sys.argv[1])) as home:
        for name in "ab":
            (home / name).write_text(f"{turn} " * 500)
"""


@pytest.fixture(params=["exchanged", "renamed"])
def way(request, monkeypatch):
    """How a folder replaces another: in one step, or in two where the system lacks such a step."""
    if request.param == "renamed":
        monkeypatch.setattr(files, "exchange", lambda first, second: False)
    return request.param


@pytest.mark.slow
def test_loads_during_swaps_get_completely_one_bundle_or_the_other(make, tmp_path, way):
    models = [make(seed=seed, encoder={"dim": dim}) for seed, dim in ((0, 4), (1, 6))]
    bundle, faults, loads = tmp_path / "bundle", [], [0]
    zoo.save(models[0], bundle)
    over = threading.Event()

    def load() -> None:
        while not over.is_set() or loads[0] < 4 * SWAPS:
            try:
                found = zoo.load(bundle)
            except Exception as error:
                faults.append(repr(error))
                return
            loads[0] += 1
            expected = models[found.spec.encoder.dim == 6].state_dict()
            if not all(torch.equal(value, expected[name]) for name, value in found.state_dict().items()):
                faults.append("a mixture")

    loaders = [threading.Thread(target=load) for _ in range(2)]
    for loader in loaders:
        loader.start()
    for turn in range(SWAPS):
        zoo.save(models[turn % 2], bundle)
    over.set()
    for loader in loaders:
        loader.join()
    assert faults == []
    assert loads[0] >= 4 * SWAPS


@pytest.mark.slow
def test_files_opened_together_are_of_one_folder_whoever_replaces_it(tmp_path):
    """Two other processes replace it as fast as they can."""
    target = tmp_path / "folder"
    with new_folder(target) as home:
        for name in "ab":
            (home / name).write_text("first")
    command = [sys.executable, "-c", SWAPPING, str(target), str(SWAPS)]
    writers = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
    for writer in writers:
        assert writer.stdout.readline() == b"ready\n"
    seen = set()
    while any(writer.poll() is None for writer in writers):
        with opened(target, "ab") as (a, b):
            first = a.read_text()
            assert b.read_text() == first
            seen.add(first[:5])
    assert [writer.communicate() and writer.returncode for writer in writers] == [0, 0]
    assert len(seen) > 1
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


IMPORTS = "from zoo.io.files import new_folder"
PROGRAM = """
with new_folder(target) as home:
    for name in "ab":
        (home / name).write_text("new")
"""


def test_a_folder_that_moves_between_two_looks_is_looked_for_again(tmp_path, monkeypatch):
    target = tmp_path / "folder"
    with new_folder(target) as home:
        (home / "a").write_text("here")
    looks = iter([tmp_path / "moved"] * 6)
    monkeypatch.setattr(files, "current", lambda folder: next(looks, folder))
    with opened(target, ["a"]) as (a,):
        assert a.read_text() == "here"


def test_a_folder_that_moves_before_it_is_opened_is_found_where_it_is_now(tmp_path, monkeypatch):
    """A moved folder keeps its identity, so only its path shows that it moved."""
    target, read = tmp_path / "folder", files.open_file
    with new_folder(target) as home:
        (home / "a").write_text("here")

    def moved_first(path):
        if target.exists():
            target.rename(files._aside(target))
        return read(path)

    monkeypatch.setattr(files, "open_file", moved_first)
    with opened(target, ["a"]) as (a,):
        assert a.read_text() == "here"


def test_a_folder_that_is_missing_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError), opened(tmp_path / "missing", ["a"]):
        pass


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="folders are exchanged on Linux")
def test_a_folder_is_never_missing_and_leftovers_of_killed_writers_are_removed_by_the_next(tmp_path):
    target = tmp_path / "bundle"
    with new_folder(target) as home:
        for name in "ab":
            (home / name).write_text("old")
    for step in range(1, steps_of(IMPORTS, PROGRAM, tmp_path / "count") + 1):
        killed_at(step, IMPORTS, PROGRAM, target)
        contents = {(path.name, path.read_text()) for path in target.iterdir()}
        assert contents in ({("a", text), ("b", text)} for text in ("old", "new"))
    subprocess.run([sys.executable, "-c", SWAPPING, str(target), "1"], check=True, capture_output=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle", "count"]


def test_without_exchange_of_folders_the_old_one_is_found_meanwhile(tmp_path, way):
    target = tmp_path / "folder"
    for text in ("old", "new"):
        with new_folder(target) as home:
            (home / "a").write_text(text)
            if text == "new":
                assert (current(target) / "a").read_text() == "old"
    with opened(target, ["a"]) as (a,):
        assert a.read_text() == "new"


def test_exchange_is_refused_where_the_system_lacks_it(tmp_path, monkeypatch):
    monkeypatch.setattr(exchange.sys, "platform", "other")
    assert not exchange.exchange(tmp_path / "a", tmp_path / "b")


def test_exchange_raises_the_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError) as error:
        exchange.exchange(tmp_path / "a", tmp_path / "b")
    assert error.value.filename == str(tmp_path / "b")
