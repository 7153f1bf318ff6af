"""Turn any error of an unreadable file into a one-line error with the file."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zoo_registry import DataError, ZooError

CUT_SHORT = "the file is cut short: copy or write it again"


@contextmanager
def reading(path: Path, expected: str, hint: str) -> Iterator[None]:
    """Raise DataError for any failure inside; a ZooError passes unchanged.

    A pipe or a device is refused before it is opened, which could block forever. If the file is truncated, the hint is
    to copy the file again, instead of ``hint``.
    """
    if path.exists() and not path.is_file():
        found = "a folder" if path.is_dir() else "a pipe or a device"
        raise DataError(str(path), expected, found, hint)
    try:
        yield
    except ZooError:
        raise
    except FileNotFoundError:
        raise DataError(str(path), expected, "no such file", hint) from None
    except MemoryError:
        raise DataError(str(path), expected, "more than fits into memory", hint) from None
    # Corrupt bytes make parsers raise almost any error: zlib.error, struct.error, IndexError, ...
    except Exception as error:
        found = f"{type(error).__name__}: {error}".rstrip(": ")
        raise DataError(str(path), expected, found, CUT_SHORT if _ran_out(error) else hint) from None


def visible(folder: Path, pattern: str) -> list[Path]:
    """Files of ``folder`` that match, sorted; without hidden files such as `._NAME`, which other systems create."""
    return sorted(path for path in folder.glob(pattern) if not path.name.startswith("."))


def folder_of(path: str, holding: str) -> Path:
    """``path`` as an existing folder; raise DataError otherwise. ``holding`` describes its expected content."""
    folder = Path(path).expanduser()
    if not folder.is_dir():
        found = "a file" if folder.exists() else "no such folder"
        raise DataError(str(folder), f"a folder with {holding}", found, "check data.source.path")
    return folder


def file_of(path: str | Path, holding: str, field: str = "path") -> Path:
    """``path`` as an existing file; raise DataError otherwise, which names the ``field`` of the source to correct."""
    file = Path(path).expanduser()
    if not file.is_file():
        found = "a folder" if file.is_dir() else "a pipe or a device" if file.exists() else "no such file"
        inside = [path for path in visible(file, "*") if path.is_file()] if file.is_dir() else []
        hint = f"name a file in it, such as {inside[0]}" if inside else f"check data.source.{field}"
        raise DataError(str(file), holding, found, hint)
    return file


def _ran_out(error: Exception) -> bool:
    """Whether ``error`` from zlib or scipy says that bytes are missing."""
    words = str(error)
    if isinstance(error, zlib.error):
        return "incomplete" in words
    return isinstance(error, EOFError) or "could not read bytes" in words or "appears to be empty" in words
