"""Start the training processes of one machine, and end all of them if one fails."""

import json
import os
import pickle
import signal
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from torch.distributed import TCPStore  # type: ignore[attr-defined]
from zoo_registry import Registry, RunSpec, TrainingError, ZooError

from zoo.io.files import write_json
from zoo.io.scratch import scratch
from zoo.process.children import Child, start, stop
from zoo.process.lines import MISTAKE, complain
from zoo.training.heartbeat import PeerError

_LOOK = 0.1
"""Seconds between two checks of the processes."""
_GRACE = 2.0
"""Seconds for a process to finish writing after the signal to end; a process blocked on another does not react."""
_DESK = "ZOO_DESK"


@dataclass(frozen=True)
class Job:
    """The arguments of `train`."""

    run: RunSpec
    path: Path
    resume: bool
    quiet: bool
    diagnose: bool

    def write(self, file: Path) -> None:
        """Write the job to ``file`` for another process."""
        options = {"resume": self.resume, "quiet": self.quiet, "diagnose": self.diagnose}
        write_json(file, {"run": self.run.dump(), "path": str(self.path), **options})

    @classmethod
    def read(cls, file: Path) -> "Job":
        """The job written by `write`."""
        fields = json.loads(file.read_text())
        return cls(**{**fields, "run": Registry.discover().run(fields["run"]), "path": Path(fields["path"])})


Processes = Sequence[Child]


def launch(job: Job, processes: int) -> None:
    """Run ``job`` in ``processes`` processes, with the environment variables of torchrun.

    Raises the error that ended the first failed process, or TrainingError if it was killed. They end with this process.
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
            stop(started, _GRACE)  # asked first, because one may be writing


def job_file(desk: Path) -> Path:
    """Path of the job file; ``desk`` is a folder only for these processes."""
    return desk / "job.json"


def error_file(desk: Path, rank: int) -> Path:
    """Path to which process ``rank`` writes the error that ended it."""
    return desk / f"error-{rank}"


def leave(error: ZooError) -> NoReturn:
    """End this process at once, without waiting for its threads; the launcher, or stderr, reports the error."""
    desk = os.environ.get(_DESK)
    if desk is None:
        complain(str(error))
    else:
        error_file(Path(desk), int(os.environ["RANK"])).write_bytes(pickle.dumps(error))
    os._exit(MISTAKE)


def _store() -> TCPStore:
    """The store of the group, hosted by this process on a local port that is reserved without a gap."""
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    return TCPStore("127.0.0.1", port, is_master=True, wait_for_workers=False, master_listen_fd=listening.detach())


def _start(desk: Path, rank: int, processes: int, port: int) -> Child:
    environment = {
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
        # Otherwise DDP prints a long warning if no parameter is unused.
        "TORCH_CPP_LOG_LEVEL": "ERROR",
    }
    return start("zoo.training.process", [str(desk)], environment)


def _failed(started: Processes) -> bool:
    return any(process.poll() for process in started)


def _reason(desk: Path, started: Processes) -> BaseException:
    """The first cause: an independent error, else a killed process, else an error that follows from another."""
    errors: list[BaseException]
    errors = [pickle.loads(file.read_bytes()) for r in range(len(started)) if (file := error_file(desk, r)).exists()]
    clear = [error for error in errors if not isinstance(error, RuntimeError | PeerError)]
    if clear:
        return clear[0]
    for rank, process in enumerate(started):
        code = process.poll()
        if code and not error_file(desk, rank).exists():
            ended = f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
            hint = "continue with --resume; if memory ran out, lower training.batch first"
            return TrainingError(f"process {rank} of {len(started)}", "to train to the end", ended, hint)
    return errors[0]
