"""A run that is killed, out of disk space, or has a damaged checkpoint resumes, or says in one line why not."""

import json
import os
import random
import shutil
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import lightning as L
import pytest
import torch
from forked import FORKS, Forked
from small_runs import SHAPES
from stopped import differing, resuming, write_every_epoch
from zoo_registry import Registry, TrainingError, ZooNote

import zoo
from zoo.runs.folder import RunFolder
from zoo.runs.metrics import MetricsFile
from zoo.training.checkpoints import damage, newest
from zoo.training.fit import train

KILLS = int(os.environ.get("ZOO_KILLS", "4"))
EPOCHS = 3 * KILLS + 2
"""More than the kills leave time for."""
TRAINING = {"epochs": EPOCHS, "phases": [{"length": 2}, {"weights": {"x": 1, "ce": {"over": 3}}, "length": 3}]}


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_writing(step: int, checkpoints: Path) -> None:
    """Kill the process at the given step of those that change the folder of checkpoints."""
    steps = 0

    def look(event: str, arguments: tuple) -> None:
        nonlocal steps
        changes = event in ("os.rename", "os.chmod", "os.remove") or (
            event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        )
        if changes and str(checkpoints) in str(arguments[:2]):
            steps += 1
            if steps == step:
                die()

    sys.addaudithook(look)


class DieTraining(L.Callback):
    """Kill the process some seconds after the given batch starts."""

    def __init__(self, batch: int, seconds: float) -> None:
        self.batch, self.seconds = batch, seconds

    def on_train_batch_start(self, *_: object) -> None:
        self.batch -= 1
        if self.batch == 0:
            threading.Timer(self.seconds, die).start()


def train_until(spec: dict, path: Path, step: int | None, hooks: Sequence[L.Callback]) -> None:
    torch.set_num_threads(1)
    if step is not None:
        write_every_epoch()
        die_writing(step, RunFolder(path).checkpoints)
    train(Registry.discover().run(spec), path, resume=True, quiet=True, hooks=hooks)


def ended(spec: dict, path: Path, step: int | None = None, *hooks: L.Callback) -> int | None:
    """How a training process ends."""
    process = FORKS.Process(target=train_until, args=(spec, path, step, hooks))
    process.start()
    process.join(120)
    return process.exitcode


def require_readable(folder: RunFolder) -> None:
    """Every existing file is complete."""
    if folder.run_file.exists():
        assert folder.read()["run"]["training"]["epochs"] == EPOCHS
    if folder.findings.exists():
        json.loads(folder.findings.read_text())
    epochs = [row["epoch"] for row in MetricsFile(folder.metrics).rows()]
    assert epochs == [str(number) for number in range(len(epochs))]
    for written in folder.checkpoints.glob("[!.]*.ckpt"):
        assert damage(written) is None
    if folder.bundle.exists():
        zoo.load(folder.bundle)


@pytest.mark.slow
def test_a_run_killed_at_many_moments_reaches_the_weights_of_an_uninterrupted_one(spec_of, run_of, tmp_path):
    """Alternately at a step of writing a checkpoint and anywhere in an epoch."""
    spec, folder, chance = spec_of(SHAPES, TRAINING), RunFolder(tmp_path / "killed"), random.Random(0)
    for turn in range(KILLS):
        if turn % 2:
            found = ended(spec, folder.path, chance.randint(1, 20))
        else:
            found = ended(spec, folder.path, None, DieTraining(chance.randint(1, 10), chance.uniform(0, 0.2)))
        assert found == -signal.SIGKILL
        require_readable(folder)
    assert ended(spec, folder.path) == 0
    require_readable(folder)
    undisturbed = train(run_of(SHAPES, TRAINING), tmp_path / "undisturbed", quiet=True)
    assert differing(folder, undisturbed) == []
    assert list(folder.checkpoints.glob(".*.tmp")) == []


def zoo_train(spec: Path, out: Path) -> tuple[int | None, str]:
    return Forked(resuming(spec, out), spec.with_suffix(".said")).ended()


@pytest.mark.slow
def test_a_full_disk_is_reported_in_one_line_and_the_run_resumes_when_there_is_space(
    small_disk, spec_of, run_of, tmp_path
):
    spec, out = tmp_path / "run.json", small_disk / "run"
    spec.write_text(json.dumps(spec_of(SHAPES, TRAINING)))
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(16 * 2**20 - 6_000_000))
    status, said = zoo_train(spec, out)
    assert status == 2, said
    assert "Traceback" not in said
    assert "No space left on device" in said.strip().splitlines()[-1]
    require_readable(RunFolder(out))
    ballast.unlink()
    status, said = zoo_train(spec, out)
    assert status == 0, said
    undisturbed = train(run_of(SHAPES, TRAINING), tmp_path / "undisturbed", quiet=True)
    assert differing(RunFolder(out), undisturbed) == []


def ruin(path: Path, how: str) -> None:
    content = bytearray(path.read_bytes())
    if how == "cut":
        content = content[: len(content) // 2]
    elif how == "empty":
        content = bytearray()
    elif how == "flipped":
        content[len(content) // 2] ^= 0x40
    else:
        content[:] = bytes(len(content))
    path.write_bytes(content)


@pytest.mark.slow
def test_a_damaged_checkpoint_is_replaced_by_the_one_before(run_of, tmp_path):
    run = run_of(SHAPES, {"epochs": 3})
    undisturbed = train(run, tmp_path / "undisturbed", quiet=True)
    for how in ("cut", "empty", "flipped", "zeros"):
        folder = RunFolder(Path(shutil.copytree(undisturbed.path, tmp_path / how)))
        ruin(folder.last, how)
        assert newest(folder) == folder.previous
        with pytest.warns(ZooNote, match="last.ckpt: a damaged file .* continuing from previous.ckpt"):
            train(run, folder.path, resume=True, quiet=True)
        assert differing(folder, undisturbed) == [], how


def test_a_run_without_a_valid_checkpoint_is_refused(run_of, tmp_path):
    run = run_of(SHAPES, {"epochs": 2})
    folder = train(run, tmp_path / "run", quiet=True)
    for path in (folder.last, folder.previous):
        ruin(path, "cut")
    with pytest.raises(
        TrainingError, match=r"last\.ckpt: expected a checkpoint to continue from, found a damaged file"
    ):
        train(run, folder.path, resume=True, quiet=True)


@pytest.mark.slow
def test_any_flipped_byte_is_detected_or_harmless(run_of, tmp_path):
    """A file with one byte changed is refused, or holds the same tensors."""
    folder = train(run_of(SHAPES, {"epochs": 1}), tmp_path / "run", quiet=True)
    content, chance = folder.last.read_bytes(), random.Random(0)
    expected = torch.load(folder.last, weights_only=True)["state_dict"]
    noticed = 0
    anywhere = [chance.randrange(len(content)) for _ in range(60)]
    for place in [*anywhere, *range(len(content) - 60, len(content))]:
        changed = bytearray(content)
        changed[place] ^= 1 << chance.randrange(8)
        folder.last.write_bytes(changed)
        if damage(folder.last) is not None:
            noticed += 1
            continue
        found = torch.load(folder.last, weights_only=True)["state_dict"]
        assert all(torch.equal(found[name], value) for name, value in expected.items())
    assert noticed > 80
