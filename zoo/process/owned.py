"""Who writes into a folder: one process at a time, by a lock that the kernel drops when that process ends."""

import errno
import os
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout
from zoo_registry import TrainingError, ZooNote

LOCK_FILE = ".lock"
_NO_LOCKS = frozenset({errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK})
"""What file systems without locks answer, such as Lustre mounted without `flock`, or NFS without its lock daemon."""
_LONGEST = 200
"""Bytes read of what the owner wrote."""


@contextmanager
def owned(folder: Path, wait: bool = False) -> Iterator[None]:
    """Own ``folder``, which is made, within the block; blocks of one thread may be nested.

    The lock file stays, as a removed one could be locked twice; it says who owned the folder last. A folder that the
    block made and left empty is removed. Processes that this one forks or starts do not keep the folder owned. Where
    the file system has no locks a ZooNote says so, and the block is entered.

    Raises TrainingError where another process owns the folder, or, with ``wait``, waits until none does. Raises OSError
    where the folder cannot be made or written to.
    """
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    # One object per file and thread, which counts how often it was acquired.
    lock = FileLock(folder.resolve() / LOCK_FILE, is_singleton=True, fallback_to_soft=False, on_acquired=_sign)
    _acquire(lock, folder, wait)
    try:
        yield
    finally:
        if made:
            _remove_empty(made)
        lock.release()


def _acquire(lock: FileLock, folder: Path, wait: bool) -> None:
    try:
        lock.acquire(timeout=-1 if wait else 0)
    except Timeout:
        hint = "wait for it or stop it, then add --resume, or choose another folder"
        raise TrainingError(str(folder), "a folder that nobody writes to", _owner(folder), hint) from None
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            error.filename = error.filename or lock.lock_file
            raise
        told = f"{folder}: the file system has no locks ({error.strerror}); let no other process write there meanwhile"
        warnings.warn(told, ZooNote, stacklevel=4)


def _sign(lock_file: int) -> None:
    """Write who owns the folder into its lock file, which is open as ``lock_file``."""
    since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    os.ftruncate(lock_file, 0)
    os.write(lock_file, f"process {os.getpid()} on {socket.gethostname()}, since {since}\n".encode())


def _owner(folder: Path) -> str:
    """What the owner wrote; it may not have done so yet, and some systems let nobody read a locked file."""
    found = b""
    with suppress(OSError), (folder / LOCK_FILE).open("rb") as file:
        found = file.read(_LONGEST)
    return found.decode(errors="replace").strip() or "another process"


def _remove_empty(made: list[Path]) -> None:
    """Remove folders that hold nothing but the lock file of the first of them."""
    with suppress(OSError):
        if os.listdir(made[0]) == [LOCK_FILE]:
            (made[0] / LOCK_FILE).unlink()
            for folder in made:
                folder.rmdir()
