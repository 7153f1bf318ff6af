"""Child processes: they import the same packages as their parent, and end when it has ended."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import IO, BinaryIO

from zoo.process.interrupts import held

SAFE_PATH = {"PYTHONSAFEPATH": "1"}
"""Keeps Python from importing from the working folder; in the environment, so that grandchildren inherit it."""


class Child(subprocess.Popen[bytes]):
    """A process that ``start`` started."""

    stdin: IO[bytes]


def start(module: str, arguments: Sequence[str], environment: Mapping[str, str], log: BinaryIO | None = None) -> Child:
    """Start `python -m module` with ``arguments``; its standard input is a pipe that closes when this process ends.

    It can import what this process can, and nothing from the working folder, where `-m` would look first.
    Termination signals are deferred until it calls `zoo.process.interrupts.listen`. With a ``log``, all its output goes
    there, and it has its own session: Ctrl-C does not reach it.
    """
    with held():
        return Child(
            [sys.executable, "-m", module, *arguments],
            env={**os.environ, **environment, **SAFE_PATH, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=log is not None,
        )


def stop(processes: Sequence[Child], grace: float) -> None:
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
        process.stdin.close()


def when_orphaned(act: Callable[[], None]) -> None:
    """In a process started by ``start``: call ``act`` in a thread once the parent has ended."""

    def wait() -> None:
        while os.read(0, 1):
            pass
        act()

    threading.Thread(target=wait, daemon=True).start()
