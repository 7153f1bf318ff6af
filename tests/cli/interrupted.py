"""Commands that receive a signal at a given moment, and what they leave; run as a program, many at random moments.

`python tests/cli/interrupted.py COUNT [SEED]` tries every command with every signal at random moments.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
from forked import Forked
from small_runs import SHAPES
from waves import write_waves

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE = 10.0
"""Seconds that children may live on."""
Moment = Callable[[int], bool]


def listening(process: int) -> bool:
    """Whether a process catches SIGTERM; the zoo installs the handler first of all."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    caught = next((line.split()[1] for line in lines if line.startswith("SigCgt")), "0")
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


def loads(library: str) -> Moment:
    """Whether a process has started to load a library."""
    return lambda process: library in Path(f"/proc/{process}/maps").read_text()


def finds(home: Path, pattern: str) -> Moment:
    """Whether ``home`` contains such a file."""
    return lambda process: next(home.glob(pattern), None) is not None


def after(seconds: float) -> Moment:
    """Whether a process catches signals and a given time has passed."""
    start = time.monotonic()
    return lambda process: time.monotonic() - start > seconds and listening(process)


@dataclass(frozen=True)
class Ended:
    """How a command ended: status, output, seconds from the signal until it and its children ended."""

    status: int | None
    said: str
    seconds: float
    children: float
    left: tuple[str, ...]

    def faults(self, number: int) -> list[str]:
        """What went wrong; ``number`` is the signal that was sent."""
        name = "" if number == signal.SIGINT else f" by {signal.Signals(number).name}"
        found = []
        if self.status != 128 + number:
            found.append(f"status {self.status}")
        if not self.said.endswith(f"zoo: interrupted{name}\n") or self.said.count("interrupted") != 1:
            found.append(f"said {self.said[-300:]!r}")
        if any(word in self.said for word in ("Traceback", "Exception ignored", "Error")):
            found.append("a traceback")
        if self.children > PATIENCE:
            found.append("children live on")
        return [*found, *(f"left {name}" for name in self.left)]


class Started:
    """`zoo` with ``arguments``, started as by a shell."""

    def __init__(self, arguments: Sequence[str], home: Path, temporary: Path) -> None:
        self._program = subprocess.Popen(
            [sys.executable, "-m", "zoo", *arguments],
            cwd=home,
            env={**os.environ, "TMPDIR": str(temporary), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=_heed_all,
        )
        self.pid = self._program.pid

    def running(self) -> bool:
        return self._program.poll() is None

    def ended(self) -> tuple[int | None, str]:
        """Its status once it has ended, and its errors."""
        try:
            said = self._program.communicate(timeout=60)[1]
        except subprocess.TimeoutExpired:
            self._program.kill()
            said = self._program.communicate()[1] + "\nkilled after a minute"
        return self._program.returncode, said


def interrupt(
    arguments: Sequence[str], home: Path, number: int, moment: Moment, group: bool = False, forked: bool = False
) -> Ended | None:
    """`zoo` with ``arguments`` in ``home``, sent a signal at a ``moment``; None if it ended earlier.

    With ``group`` its children receive the signal too, as from a terminal. ``forked`` processes import nothing anew.
    """
    temporary = home / "tmp"
    temporary.mkdir(exist_ok=True)
    program = Forked(arguments, home / "said", home, temporary) if forked else Started(arguments, home, temporary)
    while program.running() and not _is(moment, program.pid):
        time.sleep(0.005)
    children = _descendants(program.pid)
    if program.running():
        for process in [program.pid, *(children if group else [])]:
            os.kill(process, number)
    start = time.monotonic()
    status, said = program.ended()
    seconds = time.monotonic() - start
    while any(map(_runs, children)) and time.monotonic() - start < seconds + PATIENCE + 1:
        time.sleep(0.01)
    lived_on = time.monotonic() - start - seconds
    left = [*home.rglob(".zoo-*"), *home.rglob("*.tmp")]
    if status == 0:
        return None
    return Ended(status, said, seconds, lived_on, tuple(sorted({str(p.relative_to(home)) for p in left})))


def _heed_all() -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL if number != signal.SIGINT else signal.default_int_handler)


def _is(moment: Moment, process: int) -> bool:
    try:
        return moment(process)
    except OSError:  # the process has ended
        return False


def _descendants(process: int) -> list[int]:
    """Its running children, and theirs."""
    found = []
    for children in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            for child in map(int, children.read_text().split()):
                found += [child, *_descendants(child)]
        except OSError:  # it has ended
            continue
    return found


def _runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def prepare(home: Path) -> Mapping[str, list[str]]:
    """Windows, a trained run and its bundle in ``home``, and command lines by name that work on them."""
    write_waves(home / "windows", train=36, test=12)
    write_waves(home / "many", train=3600, test=12)
    source = {"kind": "data.npy", "path": "windows", "layout": "c t"}
    training = {"epochs": 4, "batch": 8, "phases": [{"weights": {"x": 1, "z": 1, "s": 1, "dist": 0.8, "ce": 1}}]}
    run = {"name": "small", "model": SHAPES, "data": {"source": source}, "training": training}
    (home / "run.json").write_text(json.dumps(run))
    (home / "pair.json").write_text(json.dumps(run | {"trainer": {"devices": 2, "accelerator": "cpu"}}))
    vary = {"training.phases.0.weights.z": [1, 10]}
    (home / "sweep.json").write_text(json.dumps({"name": "small", "run": run, "vary": vary}))
    status, said = Forked(["train", "run.json", "--out", "r"], home / "said", home).ended()
    assert status == 0, said
    return {
        "list": ["list"],
        "check": ["check", "run.json"],
        "data": ["data", "npy:windows"],
        "build": ["build", "run.json", "--out", "built"],
        "transfer": ["transfer", "r", "run.json", "--out", "transferred"],
        "tokenize": ["tokenize", "r", "npy:many", "--set", "data.source.layout=c t", "--out", "tokens.npz"],
        "eval": ["eval", "r"],
        "codebook": ["codebook", "r"],
        "report": ["report", "r"],
        "train": ["train", "run.json", "--out", "new"],
        "pair": ["train", "pair.json", "--out", "pair"],
        "sweep": ["sweep", "sweep.json", "--workers", "2", "--out", "swept"],
    }


def tidy(home: Path) -> None:
    """Remove what trainings and sweeps leave, which go on otherwise."""
    for name in ("new", "pair", "swept"):
        shutil.rmtree(home / name, ignore_errors=True)


def main(count: int, seed: int) -> int:
    """Try ``count`` rounds; returns the number of trials that failed."""
    chance, outcomes, slowest = random.Random(seed), Counter[str](), [0.0, 0.0]
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        commands = prepare(home)
        lasting = {}
        for command, arguments in commands.items():
            start = time.monotonic()
            subprocess.run([sys.executable, "-m", "zoo", *arguments], cwd=home, capture_output=True, check=True)
            lasting[command] = time.monotonic() - start
            tidy(home)
        print(lasting)
        for turn in range(count):
            for command, arguments in commands.items():
                number = SIGNALS[turn % 3]
                late = 0.0 if turn < len(SIGNALS) else chance.uniform(0, lasting[command])
                found = interrupt(arguments, home, number, after(late), group=turn % 2 == 1)
                tidy(home)
                if found is None:
                    outcomes["ended before"] += 1
                    continue
                slowest = [max(slowest[0], found.seconds), max(slowest[1], found.children)]
                faults = found.faults(number)
                outcomes["wrong" if faults else "right"] += 1
                if faults:
                    print(command, signal.Signals(number).name, f"{late:.2f} s", faults, flush=True)
            print(turn, dict(outcomes), [round(s, 2) for s in slowest], flush=True)
    return outcomes["wrong"]


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0) > 0)
