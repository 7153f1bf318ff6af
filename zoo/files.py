"""Files and folders written whole or not at all: a temporary name beside the target, then a rename.

What is read back may be anything by then.
"""

import errno
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from zoo_registry import DataError


def open_file(path: Path, largest: int | None = None) -> BinaryIO:
    """``path`` opened for reading.

    Raises OSError for what is no file, such as a pipe, at which others wait for ever, and for more bytes than
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
    """An open temporary file that becomes ``target`` when the block ends well and vanishes when it does not.

    A killed process leaves the old file or the new one. An old file goes to ``replaced`` where that is given; it is
    then whole in one of the two places at any time. Raises OSError.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        if replaced is not None and target.exists():
            target.replace(replaced)
        temporary.replace(target)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        _name(target, error)
        raise
    _sync_folder(target.parent)


def clear_leftovers(folder: Path) -> None:
    """Remove what killed writers of files left in ``folder``; nobody else may be writing there."""
    for left in folder.glob(".*.tmp"):
        left.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Replace ``path`` by ``data``, as ``new_file`` does."""
    with new_file(path) as file:
        file.write(data)


def write_text(path: Path, text: str) -> None:
    """Replace ``path`` by ``text`` in UTF-8, as ``write_bytes`` does."""
    write_bytes(path, text.encode())


def write_json(path: Path, data: Any) -> None:
    """Replace ``path`` by ``data`` as indented JSON; raises DataError for NaN and infinities, which JSON lacks.

    Names of files that are not in UTF-8 are read back as they are: halves of surrogate pairs become escapes of JSON.
    """
    try:
        text = json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    except ValueError:
        hint = "weights that diverged or were damaged give others: train again, or copy the bundle again"
        raise DataError(str(path), "finite numbers", "NaN or an infinity", hint) from None
    write_bytes(path, text.encode(errors="backslashreplace"))


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """An empty temporary folder that becomes ``target`` when the block ends well and vanishes when it does not.

    An existing ``target`` is set aside for the moment between two renames; ``current`` finds it there if the process
    is killed in that moment. Raises OSError.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent))
    try:
        yield temporary
        mask = _umask()
        temporary.chmod(0o777 & ~mask)
        for file in temporary.iterdir():
            file.chmod(0o666 & ~mask)
            _sync(file)
        _sync_folder(temporary)
        _put(temporary, target)
    except BaseException as error:
        shutil.rmtree(temporary, ignore_errors=True)
        _name(target, error)
        raise


def _name(target: Path, error: BaseException) -> None:
    """Let ``error`` say which file it is about: a failed write does not know its own."""
    if isinstance(error, OSError) and error.filename is None:
        error.filename = str(target)


def current(target: Path) -> Path:
    """Where the content of ``target`` lies now: there, or set aside by a process killed while replacing it."""
    aside = _aside(target)
    return aside if not target.exists() and aside.is_dir() else target


def _put(temporary: Path, target: Path) -> None:
    aside = _aside(target)
    if target.exists():
        shutil.rmtree(aside, ignore_errors=True)
        target.rename(aside)
    temporary.rename(target)
    _sync_folder(target.parent)
    shutil.rmtree(aside, ignore_errors=True)


def _aside(target: Path) -> Path:
    return target.with_name(f".{target.name}.previous")


def _umask() -> int:
    # The only portable way to read it is to set it; temporary files are private until then.
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _sync(file: Path) -> None:
    with file.open("rb+") as opened:
        os.fsync(opened.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # elsewhere folders cannot be opened, nor need they
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
