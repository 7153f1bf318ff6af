"""The entry of the program `zoo`: what holds before its modules are imported."""

import os
import signal
import sys
from types import FrameType
from typing import NoReturn

from zoo.streams import NOBODY_READS, forget_output, open_streams

INTERRUPTED = 130


def main() -> int:
    """Run the command line and return its exit status, also where Ctrl-C comes before there is a program.

    The statuses are those of `zoo.cli.main.main`, and 141 where nobody reads the output any more.
    """
    open_streams()
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if ours:
        signal.signal(signal.SIGINT, _leave)
    from zoo.cli.main import main as program

    try:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        return program()
    except KeyboardInterrupt:
        print("zoo: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        return NOBODY_READS
    finally:
        forget_output()


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    # Not by an exception: modules that are half imported may swallow one, or turn it into another.
    os.write(2, b"zoo: interrupted\n")
    os._exit(INTERRUPTED)
