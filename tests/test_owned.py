"""A folder has at most one owner; a killed process no longer owns it."""

import errno
import fcntl
import os
import signal
import socket
import threading
from pathlib import Path

import pytest
from owners import Owner, owner
from zoo_registry import TrainingError, ZooNote

from zoo.process.owned import LOCK_FILE, owned


def test_of_several_simultaneous_starts_one_owns_the_folder(tmp_path):
    starters = [Owner(tmp_path / "new" / "run") for _ in range(4)]
    for starter in starters:
        starter.go()
    said = [starter.said() for starter in starters]
    for starter in starters:
        starter.end()
    assert said.count("owned") == 1
    assert all("expected a folder that nobody writes to" in line for line in said if line != "owned")


def test_the_refusal_names_the_owner_of_the_folder(tmp_path):
    with owner(tmp_path) as other, pytest.raises(TrainingError) as refusal, owned(tmp_path):
        pass
    assert f"found process {other.process.pid} on {socket.gethostname()}, since 20" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_killed_owner_owns_nothing_even_if_its_children_live(tmp_path):
    with owner(tmp_path, "child") as other:
        children = [int(number) for number in other.said().split()]
        other.process.kill()
        other.process.wait()
        try:
            for child in children:
                os.kill(child, 0)
            with owned(tmp_path):
                assert f"process {os.getpid()} " in (tmp_path / LOCK_FILE).read_text()
        finally:
            for child in children:
                os.kill(child, signal.SIGKILL)


def test_a_process_can_wait_for_the_owner_to_end(tmp_path):
    order = []

    def enter() -> None:
        with owned(tmp_path / ".." / tmp_path.name, wait=True):
            order.append("entered")

    waiting = threading.Thread(target=enter)
    with owner(tmp_path) as other:
        waiting.start()
        late = Owner(tmp_path)
        late.go()
        assert "found process" in late.said()
        order.append("ended")
        other.end()
        waiting.join()
    assert order == ["ended", "entered"]


def test_blocks_may_be_nested_and_the_folder_is_free_after_the_last(tmp_path):
    with owned(tmp_path, wait=True):
        with owned(tmp_path):
            pass
        late = Owner(tmp_path)
        late.go()
        assert late.said() != "owned"
        late.end()
    with owner(tmp_path):
        pass


def test_a_folder_created_and_left_empty_is_removed_and_one_with_content_is_kept(tmp_path):
    with owned(tmp_path / "made" / "run"):
        assert (tmp_path / "made" / "run").is_dir()
    assert not (tmp_path / "made").exists()
    with owned(tmp_path / "used"):
        (tmp_path / "used" / "file").touch()
    assert (tmp_path / "used" / "file").exists()
    (tmp_path / "given").mkdir()
    with owned(tmp_path / "given"):
        pass
    assert (tmp_path / "given").is_dir()


def test_a_file_system_without_locks_is_reported_and_does_not_stop_the_work(tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    entered = False
    with pytest.warns(ZooNote, match="the file system has no locks"), owned(tmp_path):
        entered = True
    assert entered


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("nowhere")])
def test_an_invalid_lock_file_is_an_error_that_names_it(tmp_path, make):
    make(tmp_path / LOCK_FILE)
    with pytest.raises(OSError, match=LOCK_FILE) as error, owned(tmp_path):
        pass
    assert error.value.filename == str(tmp_path / LOCK_FILE)
