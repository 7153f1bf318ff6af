"""Entry point of the program `zoo`: what must be set up before its modules are imported."""

import gc

from zoo.process.interrupts import listen
from zoo.process.streams import NOBODY_READS, forget_output, open_streams


def main() -> int:
    """Run the command line and return its exit status, even if a signal arrives during the imports.

    The statuses are those of `zoo.cli.main.main`, and 141 when the reader has closed the output.
    """
    open_streams()
    listen()
    from zoo.cli.main import main as program

    try:
        return program()
    except BrokenPipeError:
        return NOBODY_READS
    finally:
        forget_output()
        gc.freeze()  # or Python looks for cycles in all that was imported before it leaves: half a second with torch
