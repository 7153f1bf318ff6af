"""Signs of life of processes that train together: one that is stopped, or whose machine is gone, is noticed."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from torch.distributed import DistNetworkError, DistStoreError, Store  # type: ignore[attr-defined]
from zoo_registry import TrainingError

_EVERY = 1.0
"""Seconds between two signs of life."""
_LEFT = "left"


class PeerError(TrainingError):
    """Another process is gone or silent; it ends this one, too, and is not the first cause where another is known."""


@contextmanager
def heartbeat(
    store: Store, rank: int, processes: int, patience: float, lost: Callable[[PeerError], None]
) -> Iterator[None]:
    """Show through ``store`` that this process lives, and listen to the next one, as in a ring, within the block.

    ``lost`` is called in a thread once the next process was silent for ``patience`` seconds in which this one was not
    stopped itself, or once the store did not answer for its own timeout. A process that left the block is not missed,
    unless it left by an error.
    """
    done = threading.Event()
    ring = _Ring(store, rank, (rank + 1) % processes, processes, patience)

    def beat() -> None:
        try:
            ring.listen(done)
        except PeerError as error:
            lost(error)
        except DistNetworkError:  # its host is gone, which every process notices by itself
            return

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
        ring.left = True
        done.set()
        # Not for ever: the host of the store may be stopped.
        thread.join(5 * _EVERY)
    finally:
        done.set()


class _Ring:
    """What one process writes and reads of the others."""

    def __init__(self, store: Store, rank: int, following: int, processes: int, patience: float) -> None:
        self.store, self.rank, self.following = store, rank, following
        self.processes, self.patience = processes, patience
        self.left = False

    def listen(self, done: threading.Event) -> None:
        """Beat until ``done``; raise PeerError."""
        # Looks are counted, not seconds: of a job that was suspended as a whole nobody is missed.
        beats, heard, silent = 0, "", 0
        self._say("0")
        while not done.wait(_EVERY):
            beats += 1
            self._say(str(beats))
            now = self._hear()
            silent = 0 if now != heard or now == _LEFT else silent + 1
            heard = now
            if silent * _EVERY >= self.patience:
                raise self._lost(self.following)
        if self.left:
            self._say(_LEFT)

    def _say(self, beat: str) -> None:
        self.store.set(f"heartbeat/{self.rank}", beat)

    def _hear(self) -> str:
        try:
            return str(self.store.get(f"heartbeat/{self.following}"), "ascii")
        except DistStoreError:  # it took longer than the store's timeout
            raise self._lost(0) from None

    def _lost(self, rank: int) -> PeerError:
        where, expected = f"process {rank} of {self.processes}", f"a sign of life within {self.patience:g} s"
        hint = "look for it and its machine, then go on with --resume; trainer.patience allows longer silence"
        return PeerError(where, expected, "none, as of a process that was stopped", hint)
