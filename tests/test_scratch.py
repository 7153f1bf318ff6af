"""Hidden temporary folders are removed once no process writes there, and never before."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import filelock
import pytest

from zoo.io.scratch import clear, scratch

WRITER = """
import sys
from pathlib import Path
from zoo.io.scratch import scratch

with scratch(Path(sys.argv[1])) as folder:
    (folder / "half").write_text("written")
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def writer(tmp_path):
    """Another process that writes, and the folder it writes in."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    yield process, Path(process.stdout.readline().strip())
    process.kill()
    process.communicate()


def test_folders_of_killed_writers_are_removed_and_those_of_live_ones_stay(tmp_path, writer):
    process, folder = writer
    clear(tmp_path)
    assert (folder / "half").read_text() == "written"
    process.kill()
    process.wait()
    assert (folder / "half").exists()
    clear(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_next_writer_clears_the_folder(tmp_path, writer):
    process, folder = writer
    process.kill()
    process.wait()
    home = tmp_path / ".." / tmp_path.name  # not checked by this process yet
    with scratch(home) as mine:
        assert not folder.exists()
        assert mine.is_dir()
    assert list(tmp_path.iterdir()) == []


def test_other_files_of_similar_names_stay(tmp_path):
    names = [".zoo-0@elsewhere.tmp", ".zoo.tmp", "zoo.tmp", ".run.json.x.tmp"]
    for name in names:
        (tmp_path / name).mkdir()
    (tmp_path / "others").mkdir()
    with scratch(tmp_path) as folder:
        name = folder.name
    (tmp_path / name).symlink_to("others")
    clear(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*names, name, "others"])
    assert list((tmp_path / "others").iterdir()) == []


def test_without_locks_a_writer_writes_and_nothing_is_removed(tmp_path, monkeypatch):
    def refuse(*_: object, **__: object) -> bool:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    with scratch(tmp_path) as kept:
        monkeypatch.setattr(filelock, "lock_descriptor", refuse)
        clear(tmp_path)
        assert kept.is_dir()
        with scratch(tmp_path) as folder:
            assert folder.is_dir()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_removed_before_it_is_locked_is_created_again(tmp_path, monkeypatch):
    lock, turns = filelock.lock_descriptor, iter([False, True])
    monkeypatch.setattr(filelock, "lock_descriptor", lambda number, blocking: next(turns) and lock(number))
    with scratch(tmp_path) as folder:
        (folder / "file").touch()
    assert next(turns, None) is None
    assert list(tmp_path.iterdir()) == []


def test_the_error_names_the_folder_that_is_not_writable(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file") as error, scratch(tmp_path / "file"):
        pass
    assert error.value.filename == str(tmp_path / "file")
