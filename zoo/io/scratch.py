"""A hidden temporary folder: removed with the block, or, after a kill, by the next writer."""

import os
import secrets
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from tempfile import gettempdir

from zoo.process.interrupts import undoing

_LOCK = ".lock"
_cleared: set[Path] = set()


@contextmanager
def scratch(home: Path | None = None) -> Iterator[Path]:
    """A folder in ``home``, or among the system's temporary files, that contains only a lock file.

    Folders that killed processes of this machine left in ``home`` are removed first. A lock that the kernel releases
    with its process proves that nobody writes there; on a file system without locks, nothing is removed.

    Raises OSError that names ``home``.
    """
    place = Path(gettempdir()) if home is None else home
    if place not in _cleared:
        clear(place)
        _cleared.add(place)
    while True:
        made = _Made(place)
        with undoing(made.remove):
            if made.make():
                yield made.folder
                return


def clear(home: Path) -> None:
    """Remove the folders that killed writers of this machine left in ``home``."""
    for left in home.glob(f".zoo-*{escape(_ending())}"):
        with suppress(OSError):
            lock = None if left.is_symlink() else _locked(left)
            if lock is not None:
                _remove(left, lock)


class _Made:
    """A new folder in ``home``, and the descriptor with its lock."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / f".zoo-{secrets.token_hex(6)}{_ending()}"
        self._lock: int | None = None

    def make(self) -> bool:
        """Create and lock it; False if another process removed it in between."""
        try:
            self.folder.mkdir(0o700)
            self._lock = _locked(self.folder)
        except FileNotFoundError:
            if not self.home.is_dir():
                raise
        except OSError as error:
            if not self.folder.is_dir():
                error.filename = str(self.home)
                raise
            return True  # without locks, as some file systems are
        return self._lock is not None

    def remove(self) -> None:
        """Remove the folder; can be called repeatedly."""
        lock, self._lock = self._lock, None
        _remove(self.folder, lock)


def _locked(folder: Path) -> int | None:
    """A descriptor with the lock of ``folder``; None if another process has it. Raises OSError if it is missing."""
    from filelock import lock_descriptor  # imports sqlite3 and asyncio, which reading a spec does not need

    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if lock_descriptor(lock, blocking=False) and os.fstat(lock).st_nlink:
            return lock
    except OSError:
        os.close(lock)
        raise
    os.close(lock)
    return None


def _remove(folder: Path, lock: int | None) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if lock is not None:
        os.close(lock)
        with suppress(OSError):
            folder.rmdir()  # NFS keeps the name of an open file until it is closed


def _ending() -> str:
    # On some file systems only the locking machine sees a lock, so each removes only its own folders.
    return f"@{socket.gethostname()}.tmp"
