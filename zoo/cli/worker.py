"""The program that each worker of a sweep runs: `python -m zoo.cli.worker SWEEP HOME CREW`."""

import os
import signal
import sys
import time
from pathlib import Path

from zoo_registry import ZooError
from zoo_registry.sweep import OUTAGE

from zoo.process.children import when_orphaned
from zoo.process.interrupts import leave, listen, raised
from zoo.process.lines import complain

_GRACE = 5.0
"""Seconds that a worker has to return its point to the queue after its parent program has ended."""


def main(sweep: str, home: Path, crew: str) -> None:
    """Train points of ``sweep`` as one worker of ``crew``, with run folders in ``home``.

    The URL of the storage is read from standard input. Raises ZooError when the storage is unreachable for too long.
    """
    listen(child=True)
    url = os.read(0, 65_536).decode().strip()
    when_orphaned(_stop)
    with raised():
        from zoo.sweep.queue import join, worker_name
        from zoo.sweep.worker import work

        work(join(url, sweep, OUTAGE), home, worker_name(os.getpid(), crew))


def _stop() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE)
    leave(signal.SIGTERM)


if __name__ == "__main__":
    try:
        main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
    except KeyboardInterrupt:
        leave(signal.SIGTERM)
    except ZooError as error:
        sys.exit(complain(str(error)))
