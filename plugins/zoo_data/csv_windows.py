"""The windows of a long or a wide table, one after the other."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain, groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from zoo_registry import DataError, SpecError

from zoo.sources import UNLABELLED, word
from zoo_data.csv_spec import CsvSource
from zoo_data.csv_table import Row, Table

_LONGEST = 1_000_000
"""Samples of a window; a model reads no longer one."""


class Tags(NamedTuple):
    """What a window is named by: its label, and its subject and group, None where the spec names no column."""

    label: str
    subject: str | None
    group: str | None


@dataclass
class Window:
    """The rows of one window: their ``lines``, and the ``cells`` of their channels one after the other."""

    tags: Tags
    lines: list[int] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)


class TableLayout(ABC):
    """How the windows of a table are laid out; ``columns`` are those of the values of a row."""

    def __init__(self, table: Table, source: CsvSource) -> None:
        self.table = table
        self.source = source
        self.columns = self._columns()
        self._label = table.column(source.label, "label")
        self._subject = _optional(table, source.subject, "subject")
        self._group = _optional(table, source.group, "group")

    @abstractmethod
    def windows(self) -> Iterator[Window]:
        """Every window, in order; raises DataError with the line of a mistake."""

    def values(self, window: Window) -> NDArray[np.float32]:
        """The numbers of ``window``, `(c t)`; raises DataError with the line and the column of anything else."""
        return self._arranged(self.table.numbers(window.cells, window.lines, self.columns))

    @abstractmethod
    def _columns(self) -> list[int]:
        """Indices of the columns of the values in a row."""

    @abstractmethod
    def _arranged(self, flat: NDArray[np.float32]) -> NDArray[np.float32]:
        """The values of one window, row by row, as `(c t)`."""

    def _tags(self, line: int, cells: Sequence[str]) -> Tags:
        label = word(cells[self._label])
        if label.lower() in UNLABELLED:
            where = f"{self.table.at(line)}, column {self.source.label}"
            raise DataError(where, "a label for every window", repr(label), "add it, or leave the window out")
        subject, group = (None if column is None else word(cells[column]) for column in (self._subject, self._group))
        return Tags(label, subject, group)


class WideLayout(TableLayout):
    """A row per window."""

    def windows(self) -> Iterator[Window]:
        """Every row."""
        for line, cells in self.table.rows():
            yield Window(self._tags(line, cells), [line], [cells[column] for column in self.columns])

    def _columns(self) -> list[int]:
        channels, names = self.source.channels, self.table.names
        found = [numbered(names, channel) for channel in channels]
        for index, (channel, columns) in enumerate(zip(channels, found, strict=True)):
            numbers = [number for number, _ in columns]
            if not numbers or numbers != list(range(numbers[0], numbers[0] + len(found[0]))):
                expected = f"columns {channel}_0, {channel}_1 and so on of a row, as many for each channel"
                several = f"{', '.join(names[column] for _, column in columns[:2])} and others, {len(columns)} in all"
                hint = f"correct the first line of {self.table.path}, or set data.source.window if a row is a sample"
                raise SpecError(f"data.source.channels.{index}", expected, several if columns else "none", hint)
        return [column for columns in found for _, column in columns]

    def _arranged(self, flat: NDArray[np.float32]) -> NDArray[np.float32]:
        return flat.reshape(len(self.source.channels), -1)


class LongLayout(TableLayout):
    """A row per sample; consecutive rows with the same window, subject and group are one window."""

    def __init__(self, table: Table, source: CsvSource) -> None:
        super().__init__(table, source)
        assert source.window is not None
        self._window = table.column(source.window, "window")
        self._time = _optional(table, source.time, "time")

    def windows(self) -> Iterator[Window]:
        """Every run of rows; refuses a window whose rows do not follow each other."""
        names = [column for column in (self._window, self._subject, self._group) if column is not None]
        starts: dict[tuple[str, ...], int] = {}
        for name, rows in groupby(self.table.rows(), lambda row: tuple([row[1][column] for column in names])):
            window = self._gathered(rows)
            line = window.lines[0]
            if (first := starts.setdefault(name, line)) != line:
                expected, found = "the rows of a window to follow each other", f"{name[0]!r} again, after line {first}"
                hint = "sort the table, or tell such windows apart by data.source.subject or data.source.group"
                raise DataError(self.table.at(line), expected, f"window {found}", hint)
            yield window

    def _columns(self) -> list[int]:
        return [self.table.column(name, f"channels.{i}") for i, name in enumerate(self.source.channels)]

    def _arranged(self, flat: NDArray[np.float32]) -> NDArray[np.float32]:
        return flat.reshape(-1, len(self.source.channels)).T

    def _gathered(self, rows: Iterator[Row]) -> Window:
        first = next(rows)
        window, moment, label = Window(self._tags(*first)), -np.inf, first[1][self._label]
        for line, cells in chain([first], rows):
            if cells[self._label] != label:
                self._require_label(window, line, cells)
            if self._time is not None:
                moment = self._next_moment(moment, line, cells[self._time])
            window.lines.append(line)
            window.cells.extend([cells[column] for column in self.columns])
            if len(window.lines) > _LONGEST:
                hint = f"is {self.source.window!r} the column that names windows?"
                raise DataError(self.table.at(line), f"at most {_LONGEST:,} samples in a window", "more", hint)
        return window

    def _require_label(self, window: Window, line: int, cells: Sequence[str]) -> None:
        if (label := self._tags(line, cells).label) != window.tags.label:
            expected = f"the label {window.tags.label!r}, as where the window starts, in line {window.lines[0]}"
            hint = "a window has one label: cut windows where it changes"
            raise DataError(self.table.at(line), expected, repr(label), hint)

    def _next_moment(self, before: float, line: int, cell: str) -> float:
        moment = _moment(cell)
        if moment > before:
            return moment
        where = f"{self.table.at(line)}, column {self.source.time}"
        if np.isnan(moment):
            hint = "write numbers, or dates such as 2024-03-01T12:00:00.02"
            raise DataError(where, "a time stamp", repr(cell), hint)
        found = f"{cell!r} {'twice' if moment == before else 'after a later one'}"
        hint = "sort the table by window and time, and leave doubled rows out"
        raise DataError(where, "time stamps that increase within a window", found, hint)


def numbered(names: Sequence[str], channel: str) -> list[tuple[int, int]]:
    """The columns of ``channel``, such as `x_0`, `x.0`, `x[0]` or `x0` of x: number of the sample and index, sorted."""
    sign = r"[ _.:\[-]" if channel[-1:].isdigit() else r"[ _.:\[-]?"
    pattern = re.compile(re.escape(channel) + sign + r"(\d{1,7})\]?")
    found = ((match, index) for index, name in enumerate(names) if (match := pattern.fullmatch(name)))
    return sorted((int(match[1]), index) for match, index in found)


def _optional(table: Table, name: str | None, field: str) -> int | None:
    return None if name is None else table.column(name, field)


def _moment(cell: str) -> float:
    """A time stamp as a number; NaN for another text."""
    try:
        return float(cell)
    except ValueError:
        pass
    try:
        date = datetime.fromisoformat(cell.strip())
    except ValueError:
        return np.nan
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
