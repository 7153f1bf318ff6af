"""A file that is too large or no regular file is refused before memory is allocated or a process blocks."""

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from guarded import guarded, peak
from zoo_data import TsSource
from zoo_registry import DataError, SpecError
from zoo_registry.data import DataSpec

from zoo.cli import components
from zoo.data import prepare
from zoo.io.files import open_file
from zoo.io.npz import open_npz
from zoo.runs.metrics import MetricsFile
from zoo.specs.read import read_json, read_result
from zoo.training.checkpoints import damage

HUGE = 3 * 2**30
READERS: dict[str, Callable[[Path], object]] = {
    "run.json": read_json,
    "eval.json": read_result,
    "metrics.csv": lambda path: MetricsFile(path).rows(),
}


def sparse(path: Path) -> Path:
    """A sparse file of 3 GB."""
    with path.open("wb") as file:
        file.truncate(HUGE)
    return path


@pytest.mark.parametrize("name", READERS)
def test_a_huge_file_is_refused(tmp_path, name):
    before = peak()
    with pytest.raises((SpecError, OSError), match=r"more than \d+ MiB"):
        READERS[name](sparse(tmp_path / name))
    assert peak() - before < 2**30


def test_a_file_without_line_ends_is_refused(tmp_path):
    sparse(tmp_path / "x_TRAIN.ts")
    before = peak()
    with pytest.raises(DataError, match=r"x_TRAIN\.ts, line 1: .* 67,108,864 characters or more"):
        prepare(DataSpec(source=TsSource(path=str(tmp_path))))
    assert peak() - before < 2**30


@pytest.mark.skipif(os.name != "posix", reason="named pipes are made in another way here")
@pytest.mark.parametrize("name", READERS)
def test_a_pipe_or_a_device_is_refused_at_once(tmp_path, name):
    pipe, device = tmp_path / name, tmp_path / "device"
    os.mkfifo(pipe)
    device.symlink_to("/dev/zero")
    for path in (pipe, device):
        with pytest.raises((SpecError, OSError), match="a pipe or a device"):
            READERS[name](path)


@pytest.mark.skipif(os.name != "posix", reason="named pipes are made in another way here")
def test_a_pipe_in_place_of_a_checkpoint_is_damage(tmp_path):
    os.mkfifo(tmp_path / "last.ckpt")
    assert "a pipe or a device" in damage(tmp_path / "last.ckpt")


def test_a_folder_in_place_of_a_file_is_refused(tmp_path):
    with pytest.raises(OSError, match="a folder"):
        open_file(tmp_path)


def test_arrays_that_claim_too_large_a_size_are_not_unpacked(tmp_path):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.npy", "w") as file:
        file.write(bytes(2**23))
    with pytest.raises(ValueError, match="arrays of 8,388,608 bytes"), open_npz(path, 2**20):
        raise AssertionError
    np.savez(path, a=np.arange(3))
    with open_npz(path, 2**30) as arrays:
        assert arrays["a"].tolist() == [0, 1, 2]


WORDS = [
    MemoryError(),
    RuntimeError("[enforce fail at alloc_cpu.cpp:124] . DefaultCPUAllocator: can't allocate memory: you tried ..."),
    RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 12 bytes."),
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
]


@pytest.mark.parametrize("error", WORDS, ids=lambda error: str(error)[:12])
def test_running_out_of_memory_gives_one_line_whoever_raises_it(monkeypatch, error):
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(components, "print_table", fail)
    found = guarded("list")
    assert (found.status, found.err.count("\n")) == (2, 1)
    assert found.err.startswith("zoo: memory: expected room")


def test_the_message_of_torch_is_recognised():
    with pytest.raises(RuntimeError, match=r"can't allocate memory|not enough memory"):
        torch.empty(2**60, dtype=torch.uint8)
