"""Start the processes of one machine that train together, and end them all when one ends badly."""

import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from torch.distributed import TCPStore  # type: ignore[attr-defined]
from zoo_registry import Registry, RunSpec, TrainingError, ZooError

from zoo.io.files import write_json
from zoo.io.scratch import scratch
from zoo.process.children import start
from zoo.training.heartbeat import PeerError

_LOOK = 0.1
"""Seconds between two looks at the processes."""
_GRACE = 2.0
"""Seconds for a process to leave nothing half written; one that waits for another in vain does not hear."""
_DESK = "ZOO_DESK"
_MISTAKE = 2


@dataclass(frozen=True)
class Job:
    """What `train` was asked for."""

    run: RunSpec
    path: Path
    resume: bool
    quiet: bool
    diagnose: bool

    def write(self, file: Path) -> None:
        """Keep the job in ``file`` for another process."""
        told = {"resume": self.resume, "quiet": self.quiet, "diagnose": self.diagnose}
        write_json(file, {"run": self.run.dump(), "path": str(self.path), **told})

    @classmethod
    def read(cls, file: Path) -> "Job":
        """What `write` kept."""
        told = json.loads(file.read_text())
        return cls(**{**told, "run": Registry.discover().run(told["run"]), "path": Path(told["path"])})


Processes = Sequence[subprocess.Popen[bytes]]


def launch(job: Job, processes: int) -> None:
    """Do ``job`` in as many ``processes``, which find in the environment what torchrun would say.

    Raises what ended the first of them: its error, or TrainingError where it was killed. They end with this process.
    """
    with scratch() as desk:
        store = _store()
        job.write(job_file(desk))
        started = [_start(desk, rank, processes, store.port) for rank in range(processes)]
        try:
            while not _failed(started) and any(process.poll() is None for process in started):
                time.sleep(_LOOK)
            if _failed(started):
                raise _reason(desk, started)
        finally:
            _end(started)


def job_file(desk: Path) -> Path:
    """Where the processes find their job; ``desk`` is a folder of their own."""
    return desk / "job.json"


def error_file(desk: Path, rank: int) -> Path:
    """Where process ``rank`` leaves the error that ended it."""
    return desk / f"error-{rank}"


def leave(error: ZooError) -> NoReturn:
    """End this process at once, whatever its other threads wait for; the one that launched it, or stderr, says why."""
    desk = os.environ.get(_DESK)
    if desk is None:
        print(f"zoo: {error}", file=sys.stderr, flush=True)
    else:
        error_file(Path(desk), int(os.environ["RANK"])).write_bytes(pickle.dumps(error))
    os._exit(_MISTAKE)


def _store() -> TCPStore:
    """Where the processes meet, held by this one, at a port of this machine that was never free for another."""
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    return TCPStore("127.0.0.1", port, is_master=True, wait_for_workers=False, master_listen_fd=listening.detach())


def _start(desk: Path, rank: int, processes: int, port: int) -> subprocess.Popen[bytes]:
    told = {
        _DESK: str(desk),
        "TORCHELASTIC_RUN_ID": desk.name,
        "TORCHELASTIC_USE_AGENT_STORE": "True",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "GROUP_RANK": "0",
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(processes),
        "LOCAL_WORLD_SIZE": str(processes),
        # Or DDP says at length that a model had nothing to freeze.
        "TORCH_CPP_LOG_LEVEL": "ERROR",
    }
    return start("zoo.training.process", [str(desk)], told)


def _failed(started: Processes) -> bool:
    return any(process.poll() for process in started)


def _reason(desk: Path, started: Processes) -> BaseException:
    """What went wrong first: an error that says so, before a process killed, before errors that follow from those."""
    told: list[BaseException]
    told = [pickle.loads(file.read_bytes()) for r in range(len(started)) if (file := error_file(desk, r)).exists()]
    clear = [error for error in told if not isinstance(error, RuntimeError | PeerError)]
    if clear:
        return clear[0]
    for rank, process in enumerate(started):
        code = process.poll()
        if code and not error_file(desk, rank).exists():
            ended = f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
            hint = "go on with --resume; where memory ran out, lower training.batch first"
            return TrainingError(f"process {rank} of {len(started)}", "to train to the end", ended, hint)
    return told[0]


def _end(started: Processes) -> None:
    """Ask them to end, as one may be writing, and do not wait for those that cannot."""
    for process in started:
        process.terminate()
    until = time.monotonic() + _GRACE
    while any(process.poll() is None for process in started) and time.monotonic() < until:
        time.sleep(_LOOK)
    for process in started:
        process.kill()
        process.communicate()
