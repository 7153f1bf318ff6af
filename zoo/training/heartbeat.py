"""Heartbeats of processes that train together, to detect a stopped process or a lost machine."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from torch.distributed import DistNetworkError, DistStoreError, Store  # type: ignore[attr-defined]
from zoo_registry import TrainingError

_EVERY = 1.0
"""Seconds between two heartbeats."""
_LEFT = "left"


class PeerError(TrainingError):
    """Another process is gone or silent, which also ends this one; any other known error is the cause instead."""


@contextmanager
def heartbeat(
    store: Store, rank: int, processes: int, patience: float, lost: Callable[[PeerError], None]
) -> Iterator[None]:
    """Context that sends heartbeats through ``store`` and monitors the next process in a ring.

    ``lost`` is called in a thread if the next process is silent for ``patience`` seconds in which this process was not
    stopped itself, or if the store does not answer within its own timeout. A process that left the block is not
    reported, unless it left with an error.
    """
    done = threading.Event()
    ring = _Ring(store, rank, (rank + 1) % processes, processes, patience)

    def beat() -> None:
        try:
            ring.listen(done)
        except PeerError as error:
            lost(error)
        except DistNetworkError:  # its host is gone, which every process detects itself
            return

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
        ring.left = True
        done.set()
        # With a timeout: the host of the store may be stopped.
        thread.join(5 * _EVERY)
    finally:
        done.set()


class _Ring:
    """The heartbeats that one process writes and reads."""

    def __init__(self, store: Store, rank: int, following: int, processes: int, patience: float) -> None:
        self.store, self.rank, self.following = store, rank, following
        self.processes, self.patience = processes, patience
        self.left = False

    def listen(self, done: threading.Event) -> None:
        """Beat until ``done``; raise PeerError."""
        # Counts checks, not seconds: if a whole job is suspended, no process counts as lost.
        beats, last_beat, silent = 0, "", 0
        self._say("0")
        while not done.wait(_EVERY):
            beats += 1
            self._say(str(beats))
            now = self._hear()
            silent = 0 if now != last_beat or now == _LEFT else silent + 1
            last_beat = now
            if silent * _EVERY >= self.patience:
                raise self._lost(self.following)
        if self.left:
            self._say(_LEFT)

    def _say(self, beat: str) -> None:
        self.store.set(f"heartbeat/{self.rank}", beat)

    def _hear(self) -> str:
        try:
            return str(self.store.get(f"heartbeat/{self.following}"), "ascii")
        except DistStoreError:  # longer than the store's timeout
            raise self._lost(0) from None

    def _lost(self, rank: int) -> PeerError:
        where, expected = f"process {rank} of {self.processes}", f"a sign of life within {self.patience:g} s"
        hint = "check the process and its machine, then continue with --resume; a larger trainer.patience waits longer"
        return PeerError(where, expected, "none, as of a process that was stopped", hint)
