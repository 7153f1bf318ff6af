"""Reliable standard streams: always open, and without an error when the reader has closed them."""

import io
import os
import sys

NOBODY_READS = 141
"""Exit status of a program whose output has no reader any more, as after SIGPIPE: 128 + 13."""


def open_streams() -> None:
    """Open standard streams that a daemon or cron job lacks, before another file gets their descriptors.

    Characters that a terminal cannot show are escaped.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free descriptor, which is this one
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8", closefd=False)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def forget_output() -> None:
    """Discard unwritten output, as Python would otherwise report the closed pipe again at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream, number in ((sys.stdout, 1), (sys.stderr, 2)):
        try:
            stream.flush()
        except OSError:
            os.dup2(nowhere, number)
    os.close(nowhere)
