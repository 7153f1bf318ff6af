"""The main program of each of several training processes: `python -m zoo.training.process DESK`."""

import os
import pickle
import signal
import sys
import traceback
import warnings
from pathlib import Path

from zoo_registry import ZooError, ZooNote

from zoo.process.children import when_orphaned
from zoo.process.interrupts import leave, listen
from zoo.process.lines import MISTAKE, print_note


def main(desk: Path) -> int:
    """Run the job in the folder ``desk`` and return the exit status; an error is written there too."""
    listen(child=True)
    when_orphaned(lambda: leave(signal.SIGTERM))
    from zoo.training.fit import train
    from zoo.training.launch import Job, error_file, job_file

    warnings.showwarning = print_note
    warnings.simplefilter("always", ZooNote)
    try:
        job = Job.read(job_file(desk))
        train(job.run, job.path, job.resume, job.quiet, job.diagnose)
    except Exception as error:
        error_file(desk, int(os.environ["RANK"])).write_bytes(pickle.dumps(_portable(error)))
        return MISTAKE
    return 0


def _portable(error: Exception) -> Exception:
    """The error that the parent raises: a one-line user error unchanged, any other with its traceback."""
    if isinstance(error, ZooError | OSError | MemoryError):
        return error
    return RuntimeError("".join(traceback.format_exception(error)))


if __name__ == "__main__":
    status = main(Path(sys.argv[1]))
    if status:
        # A normal interpreter exit would wait for the other processes.
        os._exit(status)
