"""Processes that start with everything imported, in milliseconds: for tests that start many, or kill them."""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    ["zoo.cli.main", "zoo.io.npz", "zoo.training.fit", "zoo_heads.token_linear", "zoo_vqshape.encoder",
     "zoo_vqshape.decoder"]
)  # fmt: skip


class Forked:
    """`zoo` with ``arguments`` in a process of its own; what it prints goes to ``output``."""

    def __init__(self, arguments: Sequence[str | Path], output: Path) -> None:
        self.output = output
        self.process = FORKS.Process(target=_zoo, args=([*map(str, arguments)], output))
        self.process.start()

    def running(self) -> bool:
        return self.process.is_alive()

    def signal(self, number: int) -> None:
        os.kill(self.process.pid, number)

    def ended(self) -> tuple[int | None, str]:
        """Its exit status once it has ended, and what it printed."""
        self.process.join(120)
        return self.process.exitcode, self.output.read_text()

    def wait_for(self, path: Path) -> None:
        """Return once ``path`` exists, or it has ended."""
        while not path.exists() and self.running():
            time.sleep(0.01)


def _zoo(arguments: list[str], output: Path) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with output.open("wb", buffering=0) as said:
        for number in (1, 2):
            os.dup2(said.fileno(), number)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", buffering=1, closefd=False) for number in (1, 2))
    sys.argv = ["zoo", *arguments]
    from zoo.cli.start import main

    sys.exit(main())
