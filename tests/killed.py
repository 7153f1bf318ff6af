"""Programs killed in the middle of writing."""

import os
import sys
from multiprocessing.connection import Connection
from pathlib import Path

from forked import FORKS

WRITES = ("os.", "open", "shutil.", "tempfile.", "pathlib.")
"""Audit events that count as steps."""
KILLED = 9


def killed_at(step: int, imports: str, program: str, target: Path) -> int:
    """Run ``program``, which writes ``target``, and end it at ``step`` after its ``imports``, as SIGKILL would.

    Returns the exit status: `KILLED`, or 0 if the program takes fewer steps.
    """
    return _run(step, imports, program, target)[0]


def steps_of(imports: str, program: str, target: Path) -> int:
    """How many steps ``program`` takes if it is not killed."""
    status, steps = _run(0, imports, program, target)
    assert status == 0
    return steps


def _run(step: int, imports: str, program: str, target: Path) -> tuple[int, int]:
    reads, writes = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=_work, args=(step, imports, program, target, writes))
    process.start()
    writes.close()
    process.join(60)
    return process.exitcode or 0, reads.recv() if process.exitcode == 0 else step


def _work(step: int, imports: str, program: str, target: Path, counted: Connection) -> None:
    names = {"target": target}
    exec(imports, names)
    code, steps = compile(program, "program", "exec"), 0

    def count(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal steps
        if event.startswith(WRITES):
            steps += 1
            if steps == step:
                os._exit(KILLED)

    sys.addaudithook(count)
    exec(code, names)
    counted.send(steps)
