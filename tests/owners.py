"""Other processes that own a folder, or try to."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAM = """
import os, signal, subprocess, sys
from pathlib import Path
from zoo_registry import ZooError
from zoo.process.owned import owned

print("ready", flush=True)
sys.stdin.readline()
try:
    with owned(Path(sys.argv[1])):
        if "child" in sys.argv:
            started = subprocess.Popen(["sleep", "600"], close_fds=False)
            forked = os.fork()
            if not forked:
                print(os.getpid(), started.pid, flush=True)
                sys.stdin.read()
                os._exit(0)
            signal.pause()
        print("owned", flush=True)
        sys.stdin.read()
except ZooError as error:
    print(error, flush=True)
"""


class Owner:
    """A process that owns ``folder`` from `go` until it ends, if it can."""

    def __init__(self, folder: Path, *options: str) -> None:
        command = [sys.executable, "-c", PROGRAM, str(folder), *options]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.said() == "ready"

    def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def said(self) -> str:
        """The next line of its output: `owned`, or the reason for the refusal."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self) -> None:
        """Release the folder."""
        self.process.communicate()


@contextmanager
def owner(folder: Path, *options: str) -> Iterator[Owner]:
    """A process that owns ``folder`` until the block ends."""
    found = Owner(folder, *options)
    found.go()
    try:
        if not options:
            assert found.said() == "owned"
        yield found
    finally:
        found.process.kill()
        found.end()
