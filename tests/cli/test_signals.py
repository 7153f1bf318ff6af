"""Ctrl-C, SIGTERM and SIGHUP end any command with one line, its status, no leftovers and no children."""

import os
import signal
import subprocess
import sys
import time
from itertools import cycle
from pathlib import Path

import pytest
from forked import Forked
from interrupted import SIGNALS, finds, interrupt, listening, loads, prepare, tidy

from zoo.cli.main import COMMANDS

pytestmark = pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="looks at processes as Linux shows them")


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A working folder, and command lines by name."""
    home = tmp_path_factory.mktemp("signals")
    return home, prepare(home)


@pytest.mark.parametrize(("command", "number"), list(zip(COMMANDS, cycle(SIGNALS), strict=False)))
def test_a_signal_right_at_the_start(tmp_path, command, number):
    found = interrupt([command], tmp_path, number, listening)
    assert found.faults(number) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "number"),
    list(zip(["build", "transfer", "tokenize", "eval", "train"], cycle(SIGNALS), strict=False)),
)
def test_a_signal_while_torch_is_loaded(work, command, number):
    home, commands = work
    found = interrupt(commands[command], home, number, loads("libtorch"))
    tidy(home)
    assert found.faults(number) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "number", "sign"),
    [
        ("tokenize", signal.SIGHUP, ".zoo-*/*.npy"),
        ("train", signal.SIGTERM, "new/metrics.csv"),
        ("pair", signal.SIGINT, "pair/metrics.csv"),
        ("sweep", signal.SIGTERM, "swept/runs/*/metrics.csv"),
    ],
)
def test_a_signal_in_the_middle_of_the_work(work, command, number, sign):
    home, commands = work
    found = interrupt(commands[command], home, number, finds(home, sign), group=number == signal.SIGINT, forked=True)
    tidy(home)
    assert found is not None, "it ended before"
    assert found.faults(number) == []


@pytest.mark.slow
def test_leftovers_of_a_killed_command_are_removed_by_the_next(work):
    home, commands = work
    killed = Forked(commands["tokenize"], home / "said", home)
    while not list(home.glob(".zoo-*/*.npy")) and killed.running():
        time.sleep(0.001)
    killed.signal(signal.SIGKILL)
    killed.ended()
    assert list(home.glob(".zoo-*"))
    assert Forked([*commands["tokenize"], "--split", "test"], home / "said", home).ended()[0] == 0
    assert not list(home.glob(".zoo-*"))
    assert (home / "tokens.npz").exists()


@pytest.mark.parametrize("ignored", [signal.SIGHUP, signal.SIGINT], ids=["nohup", "a shell's background job"])
def test_a_signal_that_is_ignored_at_the_start_changes_nothing(tmp_path, ignored):
    code = f"import os, sys; from zoo.cli.start import main; s = main(); os.kill(os.getpid(), {ignored:d}); sys.exit(s)"
    done = subprocess.run(
        [sys.executable, "-c", code, "list"],
        preexec_fn=lambda: signal.signal(ignored, signal.SIG_IGN),
        capture_output=True,
        check=False,
        env=os.environ | {"HOME": str(tmp_path)},
    )
    assert (done.returncode, done.stderr) == (0, b"")
