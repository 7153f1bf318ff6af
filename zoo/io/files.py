"""Atomic writes of files and folders: into a hidden folder beside the target, then a rename.

Files that are read are not trusted: they may have changed since.
"""

import errno
import json
import os
import re
import shutil
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from zoo_registry import DataError, SpecError

from zoo.io.exchange import exchange
from zoo.io.scratch import scratch

_FILES_BY_NUMBER = Path("/dev/fd")


def open_file(path: Path, largest: int | None = None) -> BinaryIO:
    """``path`` opened for reading.

    Raises OSError for anything but a regular file, such as a pipe, which would block forever, and for more bytes than
    ``largest``.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    found = os.fstat(handle)
    wrong = None
    if not stat.S_ISREG(found.st_mode):
        wrong = "a folder" if stat.S_ISDIR(found.st_mode) else "a pipe or a device"
    elif largest is not None and found.st_size > largest:
        wrong = f"more than {largest // 2**20} MiB"
    if wrong is not None:
        os.close(handle)
        raise OSError(errno.EINVAL, wrong, str(path))
    return os.fdopen(handle, "rb")


@contextmanager
def new_file(target: Path, replaced: Path | None = None) -> Iterator[BinaryIO]:
    """An open temporary file that becomes ``target`` when the block succeeds and is deleted when it fails.

    After a kill there is either the old file or the new one. An old file is moved to ``replaced`` if that is given; it
    is then complete at one of the two paths at any time. Raises OSError.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with scratch(target.parent) as folder:
            temporary = folder / "new"
            with temporary.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            temporary.chmod(0o666 & ~_umask())
            if replaced is not None and target.exists():
                target.replace(replaced)
            temporary.replace(target)
            _sync_folder(target.parent)
    except OSError as error:
        _name(target, error)
        raise


def write_bytes(path: Path, data: bytes) -> None:
    """Replace ``path`` by ``data``, as ``new_file`` does."""
    with new_file(path) as file:
        file.write(data)


def write_text(path: Path, text: str) -> None:
    """Replace ``path`` by ``text`` in UTF-8, as ``write_bytes`` does."""
    write_bytes(path, text.encode())


def write_json(path: Path, data: Any) -> None:
    """Replace ``path`` by ``data`` as indented JSON; raises DataError for NaN and infinities, which JSON lacks.

    File names that are not UTF-8 survive a round trip: lone surrogates become JSON escapes.
    """
    try:
        text = json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    except ValueError:
        hint = "diverged or damaged weights give such values: train again, or copy the bundle again"
        raise DataError(str(path), "finite numbers", "NaN or an infinity", hint) from None
    write_bytes(path, text.encode(errors="backslashreplace"))


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """An empty temporary folder that becomes ``target`` when the block succeeds and is deleted when it fails.

    Readers find the old folder or the new one at any time, even after a kill. If the system cannot exchange two
    folders, ``target`` is missing for a moment, in which ``current`` finds the old one.
    Raises OSError.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with scratch(target.parent) as folder:
            temporary = folder / "new"
            temporary.mkdir()
            yield temporary
            mask = _umask()
            temporary.chmod(0o777 & ~mask)
            for file in temporary.iterdir():
                file.chmod(0o666 & ~mask)
                _sync(file)
            _sync_folder(temporary)
            _put(temporary, target)
    except OSError as error:
        _name(target, error)
        raise


def require_replaceable(target: Path, ours: re.Pattern[str], command: str) -> None:
    """Raise SpecError unless ``target`` is missing, empty, or a folder with nothing but files that ``ours`` matches,
    those of ``command``."""
    hint = "name another folder"
    if target.exists() and not target.is_dir():
        raise SpecError("--out", "a folder", f"the file {target}", hint)
    foreign = sorted(path.name for path in target.iterdir() if not ours.fullmatch(path.name)) if target.exists() else []
    if foreign:
        raise SpecError("--out", f"a new folder, or one of `{command}` to replace", f"{foreign[0]} in {target}", hint)


def _name(target: Path, error: OSError) -> None:
    """Add the file name to ``error``: a failed write does not contain it."""
    if error.filename is None:
        error.filename = str(target)


def write_files(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Write ``files``, contents by name, into ``folder``, each atomically; returns their paths. Raises OSError."""
    paths = [folder / name for name in files]
    for path, content in zip(paths, files.values(), strict=True):
        write_bytes(path, content)
    return paths


def resolved(path: Path) -> Path:
    """The absolute path without symbolic links. A loop of links is left as it is, and refused when it is opened."""
    return Path(os.path.realpath(path))  # Path.resolve raises RuntimeError for a loop before Python 3.13


def current(target: Path) -> Path:
    """The present path of the content of ``target``, which a process killed during a replacement may have moved."""
    if target.exists():
        return target
    aside = _aside(target)
    return aside if aside.is_dir() else target


_LOOKS = 20
"""A folder that two renames replace can move away between two looks, but not this often."""
_PAUSE = 1e-4
"""Seconds, times the looks so far, until the next: threads that take turns at every file would meet the same gap."""


@contextmanager
def opened(folder: Path, names: Sequence[str]) -> Iterator[list[Path]]:
    """Paths for reading files of ``folder``, all of the same version, even if `new_folder` replaces it meanwhile.

    Raises OSError if one cannot be opened, or is not a regular file.
    """
    missing = 0
    with ExitStack() as stack:
        while True:
            home = current(folder)
            before = _identity(home)
            try:
                files = [stack.enter_context(open_file(home / name)) for name in names]
            except OSError:
                again = current(folder)
                after = _identity(again)
                missing += after is None
                if (home, before) == (again, after) and (after is not None or missing >= _LOOKS):
                    raise
                if after is None:
                    time.sleep(_PAUSE * missing)
            else:
                if before == _identity(current(folder)):
                    break
            stack.close()
        by_number = _FILES_BY_NUMBER.is_dir()
        yield [
            _FILES_BY_NUMBER / str(file.fileno()) if by_number else home / name
            for file, name in zip(files, names, strict=True)
        ]


def _identity(folder: Path) -> tuple[int, ...] | None:
    """An identity that distinguishes a folder from its replacement; None if there is no folder."""
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns


def _put(temporary: Path, target: Path) -> None:
    aside = _aside(target)
    if not (target.exists() and exchange(temporary, target)):
        if target.exists():
            shutil.rmtree(aside, ignore_errors=True)
            target.rename(aside)
        temporary.rename(target)
    _sync_folder(target.parent)
    shutil.rmtree(aside, ignore_errors=True)


def _aside(target: Path) -> Path:
    return target.with_name(f".{target.name}.previous")


def _umask() -> int:
    # The only portable way to read the umask is to set it; temporary files are private until then.
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _sync(file: Path) -> None:
    with file.open("rb+") as opened:
        os.fsync(opened.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # elsewhere folders cannot be opened, and need not be
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
