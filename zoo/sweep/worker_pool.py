"""The workers of one machine: they are started, monitored, replaced when they die, and stopped."""

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from zoo.process.children import Child, start, stop
from zoo.sweep.folder import SweepFolder
from zoo.sweep.outage import OutageError
from zoo.sweep.queue import Queue, worker_name

_GRACE = 5.0
"""Seconds that workers have to return their points to the queue after a stop signal."""
_FAULTS = (1, 2)
"""Exit statuses of a worker that could not continue."""


@dataclass(frozen=True)
class Worker:
    """A process and its log file."""

    process: Child
    log: Path

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    @property
    def killed(self) -> bool:
        """Whether a signal ended it, such as the kernel's when memory runs out."""
        return (self.process.poll() or 0) < 0


class WorkerPool:
    """``size`` worker processes of a sweep on this machine, each with an equal share of the cores."""

    def __init__(self, queue: Queue, folder: SweepFolder, size: int) -> None:
        self.queue = queue
        self.folder = folder
        self.size = size
        self.workers: list[Worker] = []
        self.faults: list[str] = []
        self.name = secrets.token_hex(4)
        self._started = 0

    def start(self) -> None:
        """Start as many workers as are missing."""
        while len(self.workers) < self.size:
            self.workers.append(self._worker())

    def tend(self) -> bool:
        """Release the points of dead workers and replace those that were killed; False when no worker is left."""
        for worker in [worker for worker in self.workers if worker.ended]:
            self.workers.remove(worker)
            self._mourn(worker)
            if worker.killed and not self.queue.finished():
                self.workers.append(self._worker())
        return bool(self.workers)

    def stop(self) -> None:
        """Send every worker a stop signal, wait for it, and release its point."""
        stop([worker.process for worker in self.workers], _GRACE)
        for worker in self.workers:
            with suppress(OutageError):  # its trial is restarted when heartbeats have been missing for long enough
                self._mourn(worker)
        self.workers = []

    def _mourn(self, worker: Worker) -> None:
        worker.process.stdin.close()
        self.queue.lose(worker_name(worker.process.pid, self.name))
        if worker.process.returncode in _FAULTS:
            lines = worker.log.read_text(errors="replace").strip().splitlines()
            self.faults.append(f"{worker.log}: {lines[-1] if lines else 'a worker ended without a message'}")

    def _worker(self) -> Worker:
        self._started += 1
        log = self.folder.logs / f"{self._started:02}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            process = self._process(output)
        return Worker(process, log)

    def _process(self, output: BinaryIO) -> Child:
        """Start a worker. Ctrl-C reaches it only through its parent, and it ends with its parent."""
        threads = str(max(_cores() // self.size, 1))
        environment = {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", threads)}
        arguments = [self.queue.plan.spec.name, str(self.folder.runs), self.name]
        process = start("zoo.cli.worker", arguments, environment, output)
        # Not an argument, which every user of the machine can read: it may contain a password.
        process.stdin.write(f"{self.queue.storage.url}\n".encode())
        process.stdin.flush()
        return process


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


@contextmanager
def crew(queue: Queue, folder: SweepFolder, size: int) -> Iterator[WorkerPool]:
    """Running workers, all of which end with the block."""
    found = WorkerPool(queue, folder, size)
    try:
        found.start()
        yield found
    except BaseException:
        queue.storage.outage.hurry()
        raise
    finally:
        found.stop()
