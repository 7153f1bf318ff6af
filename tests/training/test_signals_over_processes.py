"""Two processes of `zoo train` that are killed or stopped: none remains, and the run resumes to equal weights."""

import json
import os
import random
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from forked import Forked
from small_runs import SHAPES
from stopped import differing, resuming

from zoo.runs.folder import RunFolder
from zoo.runs.metrics import MetricsFile

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds processes as Linux lists them"),
]
KILLS = int(os.environ.get("ZOO_KILLS", "1"))
"""How often the run is killed; a search for faults takes more."""
SEED = int(os.environ.get("ZOO_KILLS_SEED", "0"))
PATIENCE = 5
EPOCHS = 4
MODEL = SHAPES | {"quantizer": SHAPES["quantizer"] | {"start": "kmeans", "reset_after": 4}}
"""With dropout, left-out patches, codes that are reset, and a head that keeps running statistics."""


class Program:
    """`zoo train --resume` with two processes, and those processes."""

    def __init__(self, spec: Path, out: Path) -> None:
        self.out = out
        self.parent = Forked(resuming(spec, out), spec.with_suffix(".said"))
        self.seen: set[int] = set()

    def ranks(self) -> dict[int, int]:
        """Process ids of the training processes by rank: the parent starts them in this order."""
        number = self.parent.pid
        children = Path(f"/proc/{number}/task/{number}/children")
        found = dict(enumerate(map(int, children.read_text().split() if children.exists() else [])))
        self.seen |= set(found.values())
        return found

    def after_epoch(self, epoch: int) -> dict[int, int]:
        """The training processes once the rows of the given number of epochs were written."""
        while len(MetricsFile(self.out / "metrics.csv").rows()) <= epoch:
            assert self.parent.running(), self.parent.ended()[1]
            time.sleep(0.02)
        return self.ranks()

    def lines(self) -> list[str]:
        """The output of the program at its end, without notes."""
        _, said = self.parent.ended()
        assert "Traceback" not in said
        return [line for line in said.splitlines() if line.startswith("zoo: ") and "note:" not in line]

    @property
    def status(self) -> int | None:
        return self.parent.ended()[0]

    def all_gone(self) -> bool:
        """Whether each of its processes ends."""
        for _ in range(400):
            if not any(_runs(number) for number in self.seen):
                return True
            time.sleep(0.05)
        return False

    def end(self) -> None:
        for number in [*self.ranks().values(), self.parent.pid]:
            if _runs(number):
                os.kill(number, signal.SIGKILL)
        self.parent.ended()


def _runs(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def start(spec_of: Any, tmp_path: Path) -> Iterator[Any]:
    """Start `zoo train`; whatever still runs at the end is killed."""
    programs: list[Program] = []
    trainer = {"accelerator": "cpu", "devices": 2, "patience": PATIENCE}

    def start(name: str, epochs: int = EPOCHS) -> Program:
        spec = tmp_path / f"{name}.json"
        spec.write_text(json.dumps(spec_of(MODEL, {"epochs": epochs, "batch": 3}, trainer=trainer)))
        programs.append(Program(spec, tmp_path / name))
        return programs[-1]

    yield start
    for program in programs:
        program.end()


def test_random_kills_end_at_the_weights_of_an_uninterrupted_run(start: Any, tmp_path: Path) -> None:
    """Either process, or the one that started them, at any time: during start, between steps, while writing."""
    chance, began = random.Random(SEED), time.monotonic()
    whole = start("whole")
    assert whole.lines() == []
    lasts = time.monotonic() - began
    out, kills = tmp_path / "killed", 0
    while True:
        program = start("killed")
        if kills < KILLS:
            time.sleep(chance.uniform(0, lasts))
        victims = program.ranks() | {2: program.parent.pid}
        victim = chance.choice(sorted(victims))
        if kills < KILLS and program.parent.running():
            os.kill(victims[victim], signal.SIGKILL)
            kills += 1
        said = program.lines()
        assert program.all_gone(), "a process goes on with nobody to stop it"
        if program.status == 0:
            assert differing(RunFolder(out), RunFolder(whole.out)) == []
            if kills == KILLS:
                return
            shutil.rmtree(out)
        elif victim < 2:
            killed = "expected to train to the end, found killed by SIGKILL; continue with --resume; if memory ran out"
            assert program.status == 2
            assert [line.partition(", lower")[0] for line in said] == [f"zoo: process {victim} of 2: {killed}"]


def test_a_stopped_process_ends_the_run_in_one_line(start: Any) -> None:
    program = start("stopped", epochs=1000)
    os.kill(program.after_epoch(0)[1], signal.SIGSTOP)
    said = program.lines()
    assert program.status == 2
    expected = f"zoo: process 1 of 2: expected a sign of life within {PATIENCE} s"
    assert [line.partition(", found")[0] for line in said] == [expected]
    assert program.all_gone()
