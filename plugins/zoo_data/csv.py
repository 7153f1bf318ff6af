"""Read a table as text: a row per sample, or a row per window."""

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from zoo_registry import DataError

from zoo.sources import Array, Extent, Labels, RawSet, RawSplit, Sensor, file_of, index_labels, reading
from zoo_data.csv_spec import CsvSource
from zoo_data.csv_table import FILE, HINT, Table
from zoo_data.csv_windows import LongLayout, Tags, WideLayout

_WHOLE = re.compile(r"[+-]?\d{1,15}")


def read_csv(source: CsvSource) -> RawSet:
    """Every window, in memory as float32; a table is read row by row. Raises DataError with the line of a mistake."""
    found = [_gather(path, source, values=True) for path in _files(source)]
    labels, classes = _labels(found)
    splits = [one.split(y) for one, y in zip(found, labels, strict=True)]
    return RawSet(splits[0], splits[1] if source.test else None, classes, _sensor(source))


def peek_csv(source: CsvSource) -> Extent:
    """The extent from the names and labels of all windows; no number and no time stamp is read."""
    unread = source.model_copy(update={"time": None})
    found = [_gather(path, unread, values=False) for path in _files(source)]
    _, classes = _labels(found)
    lengths = [length for one in found for length in one.lengths]
    return Extent(len(source.channels), min(lengths), max(lengths), classes, _sensor(source))


@dataclass
class _Gathered:
    """The windows of one file: their values one after the other, `c t` each, and what names them."""

    path: Path
    channels: int
    values: "array[float]" = field(default_factory=lambda: array("f"))
    lengths: "array[int]" = field(default_factory=lambda: array("q"))
    lines: "array[int]" = field(default_factory=lambda: array("q"))
    tags: list[Tags] = field(default_factory=list)

    def split(self, y: Labels) -> RawSplit:
        """The windows with the class indices ``y``."""
        subject, group = (_column([getattr(tags, name) for tags in self.tags]) for name in ("subject", "group"))
        return RawSplit(str(self.path), self._windows(), y, subject, group, lines=np.array(self.lines))

    def _windows(self) -> Array | tuple[Array, ...]:
        flat = np.frombuffer(self.values, np.float32)
        if len(set(self.lengths)) == 1:
            return flat.reshape(len(self.lengths), self.channels, self.lengths[0])
        ends = np.cumsum(np.array(self.lengths) * self.channels)
        return tuple(part.reshape(self.channels, -1) for part in np.split(flat, ends[:-1]))


def _files(source: CsvSource) -> list[Path]:
    train = file_of(source.path, FILE)
    return [train, *([] if source.test is None else [file_of(train.parent / source.test, FILE, "test")])]


def _gather(path: Path, source: CsvSource, values: bool) -> _Gathered:
    found = _Gathered(path, len(source.channels))
    known: dict[Tags, Tags] = {}
    with reading(path, FILE, HINT):
        table = Table(path, source.delimiter, source.decimal)
        layout = WideLayout(table, source) if source.window is None else LongLayout(table, source)
        for window in layout.windows():
            found.lines.append(window.lines[0])
            found.lengths.append(len(window.cells) // len(source.channels))
            found.tags.append(known.setdefault(window.tags, window.tags))  # equal ones share their memory
            if values:
                found.values.frombytes(layout.values(window).tobytes())
    if not found.lines:
        hint = "fill the table, or leave the file out"
        raise DataError(str(path), "at least one window", "none below the names of the columns", hint)
    return found


def _labels(found: Sequence[_Gathered]) -> tuple[list[Labels], tuple[str, ...]]:
    """Class indices of each file and the class names: numbers in their order if all are, else names sorted."""
    texts = [np.array([tags.label for tags in one.tags]) for one in found]
    whole = all(_WHOLE.fullmatch(str(label)) for labels in texts for label in np.unique(labels))
    return index_labels([labels.astype(np.int64) for labels in texts] if whole else texts, None, str(found[0].path))


def _column(names: Sequence[str | None]) -> Array | None:
    return None if names[0] is None else np.array(names)


def _sensor(source: CsvSource) -> Sensor:
    """The channels' names, where the columns have any."""
    return Sensor(source.channels if all(source.channels) else None)
