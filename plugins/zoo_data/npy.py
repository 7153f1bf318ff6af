"""Read a folder of `X_SPLIT.npy` and `y_SPLIT.npy`; windows stay on disk."""

import json
import math
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from zoo_registry import DataError

from zoo.sources import (
    CUT_SHORT,
    Array,
    Extent,
    Labels,
    RawSet,
    RawSplit,
    Sensor,
    class_names,
    folder_of,
    index_labels,
    lay_out,
    note_swapped,
    plain_labels,
    reading,
    visible,
    word,
)
from zoo_data.specs import NpySource

_HINT = "write it again with numpy.save"
_OBJECTS_HINT = "save names as strings: numpy.save(FILE, y.astype(str)); numbers with .astype(float)"


def read_npy(source: NpySource) -> RawSet:
    """Both splits, `X` memory-mapped in its own type; raise DataError for unreadable files and wrong shapes."""
    folder = folder_of(source.path, "X_*.npy and y_*.npy")
    labels, classes = _labels(folder, source)
    splits = [_split(folder, source, name, y) for name, y in zip(_names(source), labels, strict=True)]
    sensor = _sensor(folder, np.shape(splits[0].x)[1])
    return RawSet(splits[0], splits[1] if source.test else None, classes, sensor)


def peek_npy(source: NpySource) -> Extent:
    """The extent from the header of `X`, a few windows, and all labels."""
    folder = folder_of(source.path, "X_*.npy and y_*.npy")
    _, classes = _labels(folder, source)
    shape = _windows(folder, source, source.train).shape
    return Extent(shape[1], shape[2], shape[2], classes, _sensor(folder, shape[1]))


def _sensor(folder: Path, channels: int) -> Sensor:
    """Channels, rate, unit and moving mean, if `zoo windows` wrote the folder."""
    path = folder / "windows.json"
    if not path.is_file():
        return Sensor()
    with reading(path, "what `zoo windows` writes", "write the folder again, or remove the file"):
        found = json.loads(path.read_text(encoding="utf-8"))
        names, rate, units = (found[name] for name in ("channels", "rate", "units"))
        if len(names) != channels or not 0 < float(rate) < math.inf:
            raise ValueError(f"{len(names)} channels at {rate} Hz beside arrays of {channels} channels")
        smooth = float(found["cut"]["smooth"]) if "cut" in found else None
        if smooth is not None and not 0 <= smooth < math.inf:
            raise ValueError(f"a moving mean over {smooth} s")
        return Sensor(tuple(map(word, names)), float(rate), None if units is None else word(units), smooth)


def _names(source: NpySource) -> list[str]:
    return [source.train, *([source.test] if source.test else [])]


def _labels(folder: Path, source: NpySource) -> tuple[list[Labels], tuple[str, ...]]:
    found = [_load(folder / f"y_{name}.npy") for name in _names(source)]
    return index_labels(found, class_names(folder, source.classes), str(folder / f"y_{source.train}.npy"))


def _split(folder: Path, source: NpySource, name: str, y: Labels) -> RawSplit:
    where = str(folder / f"X_{name}.npy")
    x = _windows(folder, source, name)
    if name == source.train:
        note_swapped(x, where)
    subject, group = (_column(folder, column, name) for column in (source.subject, source.group))
    for column, values in (("y", y), (source.subject, subject), (source.group, group)):
        if values is not None and len(values) != len(x):
            found = f"{len(x)} windows beside {len(values)} values in {column}_{name}.npy"
            raise DataError(where, "one value per window", found, "write both files from the same windows")
    return RawSplit(where, x, y, subject, group)


def _windows(folder: Path, source: NpySource, name: str) -> Array:
    path = folder / f"X_{name}.npy"
    return lay_out(_open(path, "windows"), source.layout, str(path))


def _column(folder: Path, column: str | None, name: str) -> Array | None:
    if column is None:
        return None
    path = folder / f"{column}_{name}.npy"
    values = _load(path)
    if values.ndim != 1:
        raise DataError(str(path), "one value per window", f"shape {values.shape}", "save a vector")
    return plain_labels(values, str(path))


def _load(path: Path) -> Array:
    return _open(path, "an array").copy()


def _open(path: Path, what: str) -> Array:
    if not path.exists():
        present = ", ".join(other.name for other in visible(path.parent, "*.npy")) or "no .npy file"
        hint = "set data.source.train, test, subject and group to names as the files have them"
        raise DataError(str(path), "this file", f"{present} in the folder", hint)
    return open_array(path, what)


def open_array(path: Path, what: str) -> Array:
    """A plain view of the memory map of ``path``, so that slices are lazy; Python objects are refused, never loaded.

    Raises DataError with ``what`` as the expected content.
    """
    expected = f"{what} saved by numpy"
    with reading(path, expected, _HINT):
        with path.open("rb") as file:
            if not file.read(1):
                raise DataError(str(path), expected, "an empty file", CUT_SHORT)
            file.seek(0)
            shape, dtype = _header(file)
            start = file.tell()
        if dtype.hasobject:
            raise DataError(str(path), expected, "Python objects, as pandas keeps names", _OBJECTS_HINT)
        promised = start + math.prod(shape) * dtype.itemsize
        if (size := path.stat().st_size) < promised:
            raise DataError(str(path), f"{promised} bytes, as its header says", f"{size}", CUT_SHORT)
        return np.asarray(np.lib.format.open_memmap(path, mode="r"))  # type: ignore[no-untyped-call]


def _header(file: BinaryIO) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type of an array, from the file header."""
    version = np.lib.format.read_magic(file)  # type: ignore[no-untyped-call]
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)  # type: ignore[no-untyped-call]
    return shape, dtype
