"""Exclusive write access to a folder: a lock that the kernel releases when the owner's process ends."""

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
"""Errors of file systems without locks, such as Lustre mounted without `flock`, or NFS without its lock daemon."""
_LONGEST = 200
"""Bytes read from the owner's lock file."""


@contextmanager
def owned(folder: Path, wait: bool = False) -> Iterator[None]:
    """Create and own ``folder`` within the block; blocks of one thread may be nested.

    The lock file stays, as a removed one could be locked twice; it contains the last owner. A folder that the block
    created and left empty is removed. Child processes do not keep the lock. On a file system without locks the block
    is entered with a ZooNote.

    Raises TrainingError if another process owns the folder, or, with ``wait``, waits until none does. Raises OSError
    if the folder cannot be created or written to.
    """
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    # One lock object per file and thread, which counts its acquisitions.
    lock = FileLock(
        Path(os.path.realpath(folder), LOCK_FILE), is_singleton=True, fallback_to_soft=False, on_acquired=_sign
    )
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
        warning = (
            f"{folder}: the file system has no locks ({error.strerror}); let no other process write there meanwhile"
        )
        warnings.warn(warning, ZooNote, stacklevel=4)


def _sign(lock_file: int) -> None:
    """Write the owner of the folder into its lock file, which is open as ``lock_file``."""
    since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    os.ftruncate(lock_file, 0)
    os.write(lock_file, f"process {os.getpid()} on {socket.gethostname()}, since {since}\n".encode())


def _owner(folder: Path) -> str:
    """The owner's entry; it may not be written yet, and some systems forbid reading a locked file."""
    found = b""
    with suppress(OSError), (folder / LOCK_FILE).open("rb") as file:
        found = file.read(_LONGEST)
    return found.decode(errors="replace").strip() or "another process"


def _remove_empty(made: list[Path]) -> None:
    """Remove folders that contain only the lock file of the first of them."""
    with suppress(OSError):
        if os.listdir(made[0]) == [LOCK_FILE]:
            (made[0] / LOCK_FILE).unlink()
            for folder in made:
                folder.rmdir()
