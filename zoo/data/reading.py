"""Turn whatever an unreadable file raises into one line that names the file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zoo_registry import DataError


@contextmanager
def reading(path: Path, expected: str, hint: str) -> Iterator[None]:
    """Raise DataError for any failure inside; a DataError passes unchanged."""
    try:
        yield
    except DataError:
        raise
    except FileNotFoundError:
        raise DataError(str(path), expected, "no such file", hint) from None
    # Corrupt bytes make parsers raise nearly anything: zlib.error, struct.error, IndexError, MemoryError, ...
    except Exception as error:
        raise DataError(str(path), expected, f"{type(error).__name__}: {error}", hint) from None


def folder_of(path: str, holding: str) -> Path:
    """``path`` as an existing folder; raise DataError otherwise. ``holding`` says what it should hold."""
    folder = Path(path).expanduser()
    if not folder.is_dir():
        found = "a file" if folder.exists() else "no such folder"
        raise DataError(str(folder), f"a folder with {holding}", found, "check data.source.path")
    return folder
