"""Programs killed in the middle of writing."""

import subprocess
import sys
from pathlib import Path

# Kills the process, as SIGKILL would, at the given step that the interpreter reports; 0 counts the steps instead.
COUNTING = """
import os, sys
from pathlib import Path

steps = 0
def hook(event, args):
    global steps
    if event.startswith(("os.", "open", "shutil.", "tempfile.", "pathlib.")):
        steps += 1
        if steps == int(sys.argv[1]):
            os._exit(9)
"""
STARTED = "sys.addaudithook(hook)"


def killed_at(step: int, imports: str, program: str, target: Path) -> "subprocess.CompletedProcess[str]":
    """Run ``program``, which writes ``target`` (`sys.argv[2]`), and kill it at ``step`` after its ``imports``."""
    whole = "\n".join([COUNTING, imports, STARTED, program, "print(steps)"])
    command = [sys.executable, "-c", whole, str(step), str(target)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def steps_of(imports: str, program: str, target: Path) -> int:
    """How many steps ``program`` takes if it is not killed."""
    return int(killed_at(0, imports, program, target).stdout)
