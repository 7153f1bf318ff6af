"""Standard input, output and error as a program can rely on: open, and no trouble when nobody reads them."""

import io
import os
import sys

NOBODY_READS = 141
"""The status of a program whose output nobody reads any more, as of one that SIGPIPE ends: 128 + 13."""


def open_streams() -> None:
    """Open what a daemon or a cron job was started without, before a file of ours gets its number and its output.

    What a terminal cannot show is escaped.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free, which is this one
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8", closefd=False)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def forget_output() -> None:
    """Let what was not written yet go nowhere, as Python would complain of it once more when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream, number in ((sys.stdout, 1), (sys.stderr, 2)):
        try:
            stream.flush()
        except OSError:
            os.dup2(nowhere, number)
    os.close(nowhere)
