"""The windows of a long or a wide table, one after the other."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from zoo_registry import DataError, SpecError

from zoo.sources import UNLABELLED, word
from zoo_data.csv_spec import CsvSource
from zoo_data.csv_table import Table

_LONGEST = 1_000_000
"""Samples of a window; a model reads no longer one."""


class Facts(NamedTuple):
    """What a window is named by: its label, and its subject and group, None where the spec names no column."""

    label: str
    subject: str | None
    group: str | None


@dataclass
class Window:
    """The cells of one window: ``rows`` hold those of the channels, and ``lines`` where they are."""

    facts: Facts
    lines: list[int] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)


class Layout:
    """How the windows of a table are laid out; ``columns`` are those of a row's values."""

    def __init__(self, table: Table, source: CsvSource) -> None:
        self.table = table
        self.source = source
        self.channels = len(source.channels)
        self.columns = self._columns()
        self._label = table.column(source.label, "label")
        self._subject = _optional(table, source.subject, "subject")
        self._group = _optional(table, source.group, "group")

    def windows(self) -> Iterator[Window]:
        """Every window, in order; raises DataError with the line of a mistake."""
        for line, cells in self.table.rows():
            yield Window(self._facts(line, cells), [line], [[cells[column] for column in self.columns]])

    def length(self, window: Window) -> int:
        """Samples of ``window``."""
        return len(self.columns) // self.channels

    def values(self, window: Window) -> NDArray[np.float32]:
        """The numbers of ``window``, `(c t)`; raises DataError with the line and the column of anything else."""
        return self._numbers(window).reshape(self.channels, -1)

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

    def _facts(self, line: int, cells: Sequence[str]) -> Facts:
        label = word(cells[self._label])
        if label.lower() in UNLABELLED:
            where = f"{self.table.at(line)}, column {self.source.label}"
            raise DataError(where, "a label for every window", repr(label), "add it, or leave the window out")
        subject, group = (None if column is None else word(cells[column]) for column in (self._subject, self._group))
        return Facts(label, subject, group)

    def _numbers(self, window: Window) -> NDArray[np.float32]:
        cells = [cell for row in window.rows for cell in row]
        places = [(line, column) for line in window.lines for column in self.columns]
        return self.table.numbers(cells, places)


class LongLayout(Layout):
    """A row per sample."""

    def __init__(self, table: Table, source: CsvSource) -> None:
        super().__init__(table, source)
        assert source.window is not None
        self._window = table.column(source.window, "window")
        self._time = _optional(table, source.time, "time")
        columns = (self._window, self._label, self._subject, self._group)
        self._named = [column for column in columns if column is not None]

    def windows(self) -> Iterator[Window]:
        """Every window, in order; raises DataError with the line of a mistake."""
        starts: dict[tuple[str | None, ...], int] = {}
        found: Window | None = None
        same, name, moment = None, None, -np.inf
        for line, cells in self.table.rows():
            if (named := [cells[column] for column in self._named]) != same:
                facts = self._facts(line, cells)
                if found is None or (cells[self._window], facts.subject, facts.group) != name:
                    if found is not None:
                        yield found
                    name, moment, found = (cells[self._window], facts.subject, facts.group), -np.inf, Window(facts)
                    if starts.setdefault(name, line) != line:
                        raise self._apart(line, cells[self._window], starts[name])
                self._require_label(found, line, facts.label)
                same = named
            moment = self._next_moment(moment, line, cells)
            self._add(found, line, cells)
        if found is not None:
            yield found

    def length(self, window: Window) -> int:
        """Samples of ``window``."""
        return len(window.rows)

    def values(self, window: Window) -> NDArray[np.float32]:
        """The numbers of ``window``, `(c t)`; raises DataError with the line and the column of anything else."""
        return self._numbers(window).reshape(-1, self.channels).T

    def _columns(self) -> list[int]:
        return [self.table.column(name, f"channels.{i}") for i, name in enumerate(self.source.channels)]

    def _add(self, window: Window | None, line: int, cells: Sequence[str]) -> None:
        assert window is not None
        window.lines.append(line)
        window.rows.append([cells[column] for column in self.columns])
        if len(window.rows) > _LONGEST:
            hint = f"is {self.source.window!r} the column that names windows?"
            raise DataError(self.table.at(line), f"at most {_LONGEST:,} samples in a window", "more", hint)

    def _require_label(self, window: Window, line: int, label: str) -> None:
        if label != window.facts.label:
            expected = f"the label {window.facts.label!r}, as where the window starts, in line {window.lines[0]}"
            hint = "a window has one label: cut windows where it changes"
            raise DataError(self.table.at(line), expected, repr(label), hint)

    def _apart(self, line: int, name: str, first: int) -> DataError:
        expected, found = "the rows of a window to follow each other", f"window {name!r} again, after line {first}"
        hint = "sort the table, or tell such windows apart by data.source.subject or data.source.group"
        return DataError(self.table.at(line), expected, found, hint)

    def _next_moment(self, before: float, line: int, cells: Sequence[str]) -> float:
        if self._time is None:
            return before
        where = f"{self.table.at(line)}, column {self.source.time}"
        moment = _moment(cells[self._time], where)
        if moment <= before:
            found = f"{cells[self._time]!r} {'twice' if moment == before else 'after a later one'}"
            hint = "sort the table by window and time, and leave doubled rows out"
            raise DataError(where, "time stamps that increase within a window", found, hint)
        return moment


def numbered(names: Sequence[str], channel: str) -> list[tuple[int, int]]:
    """The columns of ``channel``, such as `x_0`, `x.0`, `x[0]` or `x0` of x: number of the sample and index, sorted."""
    sign = r"[ _.:\[-]" if channel[-1:].isdigit() else r"[ _.:\[-]?"
    pattern = re.compile(re.escape(channel) + sign + r"(\d{1,7})\]?")
    found = ((match, index) for index, name in enumerate(names) if (match := pattern.fullmatch(name)))
    return sorted((int(match[1]), index) for match, index in found)


def _optional(table: Table, name: str | None, field: str) -> int | None:
    return None if name is None else table.column(name, field)


def _moment(cell: str, where: str) -> float:
    """A time stamp as a number; raises DataError for another text."""
    for reader in (float, _date):
        try:
            if not np.isnan(moment := reader(cell.strip())):
                return moment
        except (ValueError, OverflowError, OSError):
            continue
    hint = "write numbers, or dates such as 2024-03-01T12:00:00.02"
    raise DataError(where, "a time stamp", repr(cell), hint)


def _date(text: str) -> float:
    date = datetime.fromisoformat(text)
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
