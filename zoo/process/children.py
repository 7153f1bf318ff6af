"""Processes that one of ours starts: they find the same packages, and end when it is gone."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import BinaryIO

from zoo.process.interrupts import held

SAFE_PATH = {"PYTHONSAFEPATH": "1"}
"""Tells Python to import nothing from the working folder; in the environment, as it then holds for grandchildren."""


def start(
    module: str, arguments: Sequence[str], environment: Mapping[str, str], log: BinaryIO | None = None
) -> "subprocess.Popen[bytes]":
    """`python -m module` with ``arguments``, its input a pipe whose end tells it that this process is gone.

    It imports what this process can, and nothing from the working folder, where `-m` would look first.
    Signals that ask it to end wait until it calls `zoo.process.interrupts.listen`. With a ``log`` it says everything
    there, and has a session of its own: Ctrl-C does not reach it.
    """
    with held():
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env={**os.environ, **environment, **SAFE_PATH, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=log is not None,
        )


def stop(processes: Sequence["subprocess.Popen[bytes]"], grace: float) -> None:
    """Ask processes that ``start`` started to end, and kill those that have not after ``grace`` seconds."""
    for process in processes:
        process.terminate()
    until = time.monotonic() + grace
    for process in processes:
        try:
            process.wait(max(until - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdin is not None
        process.stdin.close()


def when_orphaned(act: Callable[[], None]) -> None:
    """In a process that ``start`` started: ``act``, in a thread, once the one that started it is gone."""

    def wait() -> None:
        while os.read(0, 1):
            pass
        act()

    threading.Thread(target=wait, daemon=True).start()
