"""On a full disk a command prints one line, leaves no partial file, and keeps existing files."""

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from small_runs import SHAPES
from waves import write_waves

import zoo
from zoo.cli.main import main
from zoo.io.files import write_text
from zoo.training import fit

ROOM = 16 * 2**20
MODEL = {"input": {"channels": 2, "length": 40, "classes": 3}, **SHAPES}


class Disk:
    """A disk that can be filled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fill(self, room: int = 0) -> None:
        """Leave about ``room`` bytes of it free."""
        with (self.path / "ballast").open("wb", buffering=0) as file:
            while os.statvfs(self.path).f_bavail and file.write(bytes(4096)):
                pass
            file.truncate(max(file.tell() - room, 0))

    def free(self) -> None:
        (self.path / "ballast").unlink()

    def names(self) -> set[str]:
        """All files and folders except the filler file, including hidden ones."""
        return {str(path.relative_to(self.path)) for path in self.path.rglob("*")} - {"ballast"}


@pytest.fixture
def disk(small_disk: Path) -> Disk:
    return Disk(small_disk)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working folder with windows, a spec and a bundle."""
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    zoo.save(zoo.build(MODEL), tmp_path / "bundle")
    write_waves(tmp_path / "windows", train=30, test=12)
    (tmp_path / "model.json").write_text(json.dumps(MODEL))
    return tmp_path


COMMANDS: dict[str, Callable[[str], list[str]]] = {
    "build": lambda out: ["build", "model.json", "--out", f"{out}/old"],
    "transfer": lambda out: ["transfer", "bundle", "model.json", "--out", f"{out}/old"],
    "tokenize": lambda out: [
        "tokenize", "bundle", "npy:windows", "--set", "data.source.layout=c t", "--out", f"{out}/old.npz"
    ],
}  # fmt: skip


def require_one_line(capsys, where: Path) -> None:
    said = capsys.readouterr().err
    assert said.count("\n") == 1, said
    assert said.startswith(f"zoo: {where}")
    assert "expected room on it, found No space left on device; free some" in said


@pytest.mark.parametrize("room", [0, 12_288])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_writes_a_bundle_or_tokens_keeps_the_old_one(here, disk, capsys, command, room):
    shutil.copytree("bundle", disk.path / "old")
    (disk.path / "old.npz").write_bytes(b"old")
    before, tensors = disk.names(), (disk.path / "old" / "model.safetensors").read_bytes()
    disk.fill(room)
    assert main(COMMANDS[command](str(disk.path))) == 2
    require_one_line(capsys, disk.path)
    assert disk.names() == before
    assert (disk.path / "old" / "model.safetensors").read_bytes() == tensors
    assert (disk.path / "old.npz").read_bytes() == b"old"
    disk.free()
    assert main(COMMANDS[command](str(disk.path))) == 0
    assert disk.names() == before
    if command == "tokenize":
        assert np.load(disk.path / "old.npz")["codes"].shape[0] == 42


@pytest.mark.slow
@pytest.mark.parametrize("number", [0, 1, 2], ids=["best by accuracy", "best by x", "last"])
def test_a_disk_that_fills_at_any_bundle_of_a_training_is_reported(here, disk, capsys, monkeypatch, number):
    data = {"source": {"kind": "data.npy", "path": "windows", "layout": "c t"}}
    (here / "run.json").write_text(json.dumps({"model": SHAPES, "data": data, "training": {"epochs": 2, "batch": 6}}))
    words = ["train", "run.json", "--out", str(disk.path / "run"), "--resume"]
    assert main(words) == 0
    run, save, saved = disk.path / "run", fit.save, []
    places = [run / "best" / "accuracy", run / "best" / "x", run / "bundle"]

    def save_on_a_full_disk(model: zoo.ZooModel, folder: Path) -> None:
        saved.append(folder)
        if len(saved) == number + 1:
            disk.fill()
        save(model, folder)

    before = disk.names()
    expected = {place: zoo.load(place).state_dict() for place in places}
    monkeypatch.setattr(fit, "save", save_on_a_full_disk)
    capsys.readouterr()
    assert main(words) == 2
    assert saved == places[: number + 1]
    require_one_line(capsys, places[number])
    assert disk.names() == before
    for place, tensors in expected.items():
        assert all(torch.equal(value, tensors[name]) for name, value in zoo.load(place).state_dict().items())
    disk.free()
    assert main(words) == 0


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_every_error_for_a_lack_of_space_has_the_same_message(tmp_path, capsys, monkeypatch, number):
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    zoo.save(zoo.build(MODEL), tmp_path / "bundle")
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match=r"run\.json") as error:
        write_text(tmp_path / "run.json", "{}")
    assert error.value.errno == number
    (tmp_path / "model.json").write_text(json.dumps(MODEL))
    assert main(["build", str(tmp_path / "model.json"), "--out", str(tmp_path / "bundle")]) == 2
    assert f"expected room on it, found {os.strerror(number)}; free some" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle", "model.json"]
    zoo.load(tmp_path / "bundle")
