"""Open a recording with the reader that recognises its first bytes."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from zoo_registry import FIRST_BYTES, DataError, Recording, RecordingReader
from zoo_registry.docs import docstring
from zoo_registry.escaping import for_terminal

from zoo.io.files import open_file
from zoo.sources import reading

_SHOWN = 24
"""Bytes of an unknown file that are shown."""
_PACKED = {b"\x1f\x8b": "gunzip", b"PK\x03\x04": "unzip", b"7z": "7z x", b"BZh": "bunzip2", b"\xfd7zXZ": "unxz"}


class Opened(NamedTuple):
    """A recording and the ``kind`` of file it was read from, in words."""

    kind: str
    recording: Recording


def open_recording(path: Path, readers: Sequence[RecordingReader]) -> Opened:
    """The recording in ``path``, by the first reader that claims it; only its header is read.

    Raises DataError for anything but a file that a reader claims.
    """
    kinds = sorted({suffix for reader in readers for suffix in reader.suffixes})
    expected = f"a recording ({', '.join(kinds) or 'no installed plugin reads any'})"
    if path.is_symlink() and not path.exists():
        raise DataError(str(path), expected, f"a link to {path.readlink()}, which is missing", "restore the file")
    with reading(path, expected, "name the file of a recording"), open_file(path) as file:
        first = file.read(FIRST_BYTES)
    for reader in readers:
        if first and reader.claims(first):
            return Opened(_kind(reader), reader.open(path))
    raise DataError(str(path), expected, *_unknown(path, first))


def _kind(reader: RecordingReader) -> str:
    return docstring(type(reader)).partition(".\n")[0].partition("\n")[0].removesuffix(".")


def _unknown(path: Path, first: bytes) -> tuple[str, str]:
    """What is found in a file that no reader claims, and what to do."""
    if not first:
        return "an empty file", "copy it from the device again"
    for mark, command in _PACKED.items():
        if first.startswith(mark):
            return "a packed file", f"unpack it first: {command} {path}"
    start = for_terminal(first[:_SHOWN].decode("latin-1"))
    return f"a file that starts with '{start}'", "a plugin reads other kinds with the hook zoo_recordings"
