"""A bundle in a zip archive, unpacked into a temporary folder while it is read."""

import shutil
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from zoo_registry import BundleError

from zoo.io.scratch import scratch

_MOST_PACKED = 100
"""Bytes per byte of the archive; weights shrink by a tenth, and an archive that promises more fills the disk."""
_AGAIN = "pack the folder of the bundle again"


def is_zip(path: Path) -> bool:
    """Whether ``path`` is a zip archive."""
    return path.is_file() and zipfile.is_zipfile(path)


@contextmanager
def unpacked(archive: Path, names: Sequence[str]) -> Iterator[Path]:
    """A temporary folder with the files ``names`` of ``archive``, where they are at the top or in one folder.

    Raises BundleError if the archive is damaged, or if a file is missing in it or another is there.
    """
    with scratch() as folder:
        try:
            with zipfile.ZipFile(archive) as opened:
                for entry in _entries(archive, opened, names):
                    with opened.open(entry) as source, (folder / _name(entry)).open("wb") as target:
                        shutil.copyfileobj(source, target)
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
            # RuntimeError is raised for an encrypted archive, and NotImplementedError for an unknown compression.
            raise BundleError(str(archive), "a zip archive that can be unpacked", str(error), _AGAIN) from None
        yield folder


def _entries(archive: Path, opened: zipfile.ZipFile, names: Sequence[str]) -> list[zipfile.ZipInfo]:
    """The entries of the files ``names``; hidden files, which systems add, are left out."""
    entries = [entry for entry in opened.infolist() if not entry.is_dir() and not _name(entry).startswith(".")]
    expected = f"{' and '.join(names)} alone"
    for entry in entries:
        if _name(entry) not in names:
            raise BundleError(str(archive), expected, entry.filename, _AGAIN)
    if sorted(map(_name, entries)) != sorted(names) or len({_parent(entry) for entry in entries}) > 1:
        found = ", ".join(entry.filename for entry in entries) or "no file"
        raise BundleError(str(archive), expected, found, _AGAIN)
    size = sum(entry.file_size for entry in entries)
    if size > _MOST_PACKED * archive.stat().st_size:
        raise BundleError(str(archive), "files that shrink as weights do", f"{size:,} bytes in it", _AGAIN)
    return entries


def _name(entry: zipfile.ZipInfo) -> str:
    return PurePosixPath(entry.filename).name


def _parent(entry: zipfile.ZipInfo) -> PurePosixPath:
    return PurePosixPath(entry.filename).parent
