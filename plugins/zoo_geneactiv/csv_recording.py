"""The vendor's table of raw samples as blocks: lines of named fields, then a row per sample with its time."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray
from zoo_registry import About, Block, DataError, Recording, show

from zoo.sources import reading
from zoo_geneactiv.fields import AXES, COPY, LONGEST_HEADER, LONGEST_LINE, UNITS, clock, device_of, rate_of, text_of
from zoo_geneactiv.notes import Notes

_SIDE = {"light": "lux", "button": "0 or 1", "temperature": "°C"}
"""Columns after the axes, in their order."""
_COLUMNS = len(AXES) + len(_SIDE)
_TIME = len("2021-03-28 00:59:51:000")
_ROW = re.compile(rf"\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d:\d{{3}}(?:,-?\d{{1,9}}(?:\.\d{{1,9}})?){{{_COLUMNS}}}", re.ASCII)
"""A row, once its separators are commas and its decimal signs points."""
_SUMMARY = 12
"""Cells of a summary."""
_BLOCK = 60 * 55
"""Bytes of a block per Hz: a minute of rows of 55 bytes."""
_GAP = 1.5
"""Periods between two rows of which none is missing, at most."""
_OFF = 0.01
"""Relative error of the header's rate, at most."""
_ROUNDING = 1
"""Times are in whole ms."""
_TABLE = "the raw table of a GENEActiv"
_EXPORT = "export the .bin again in the vendor's program, as raw data"

Values = NDArray[np.float64]
Times = NDArray[np.int64]
Row = tuple[int, str]
"""The number of a line and its text."""


class _Rows(NamedTuple):
    """Where the rows begin: the byte and the line, the ``time`` of the first, and what separates their cells."""

    byte: int
    line: int
    time: datetime
    separator: str


def open_csv(path: Path) -> "CsvRecording":
    """The recording in ``path``. Raises DataError for a damaged header, and for summaries."""
    with reading(path, _TABLE, _EXPORT), path.open("rb") as file:
        fields, rows = _header(file, path)
    about = About(
        start=rows.time,
        rate=rate_of(fields, path),
        axes=AXES,
        units=UNITS,
        side=_SIDE,
        subject=fields.get("Subject Code") or None,
        device=device_of(fields),
        facts=fields,
    )
    return CsvRecording(path, about, rows)


def _header(file: BinaryIO, path: Path) -> tuple[dict[str, str], _Rows]:
    fields: dict[str, str] = {}
    separator, byte = "", 0
    for number, line in enumerate(iter(partial(file.readline, LONGEST_LINE), b""), 1):
        text = text_of(line).lstrip("\ufeff")
        separator = separator or max(",;", key=text.count)
        time, cells = clock(text[:_TIME]), text.count(separator) + 1
        if time is not None and cells > 1:
            if cells != 1 + _COLUMNS:
                found = f"{cells} cells" + ", a summary of many samples" * (cells == _SUMMARY)
                raise DataError(f"{path}, line {number}", f"{1 + _COLUMNS} cells of a sample", found, _EXPORT)
            return fields, _Rows(byte, number, time, separator)
        name, found, value = text.partition(separator)
        if found and name:
            fields.setdefault(name, value.strip())
        byte += len(line)
        if byte > LONGEST_HEADER:
            break
    raise DataError(str(path), "rows of samples below a header", f"none in {byte:,} bytes", _EXPORT)


class CsvRecording(Recording):
    """Rows of a table, about a minute of them in a block. Times are those of the rows, in whole ms."""

    def __init__(self, path: Path, about: About, rows: _Rows) -> None:
        super().__init__(path, about)
        self._first = rows
        self._period = 1000 / about.rate

    def blocks(self) -> Iterator[Block]:
        notes = Notes()
        last: int | None = None
        with reading(self.path, _TABLE, COPY), self.path.open("rb") as file:
            file.seek(self._first.byte)
            for rows in self._rows(file, notes):
                time, values = self._parsed(rows)
                if last is None:
                    self._require_rate(time)
                gaps = self._gaps(rows, time, last, notes)
                for start, end in pairwise(sorted({0, *gaps, len(time)})):
                    continues = last is not None and start not in gaps
                    yield self._block(time[start:end], values[:, start:end], continues)
                    last = int(time[end - 1])
        if found := notes.sentences():
            yield self._block(np.empty(0, np.int64), np.empty((_COLUMNS, 0)), continues=True)._replace(notes=found)

    def _rows(self, file: BinaryIO, notes: Notes) -> Iterator[list[Row]]:
        """About a minute of rows at a time, none of them blank, with commas between cells and decimal points."""
        number, rest, before = self._first.line, b"", ""
        while data := file.read(round(_BLOCK * self.about.rate)):
            lines, end, rest = (rest + data).rpartition(b"\n")
            if len(rest) > LONGEST_LINE:
                found = f"{len(rest):,} bytes without a line end"
                raise DataError(f"{self.path}, line {number}", "a row of a table", found, COPY)
            texts = self._plain(lines + end).split("\n")
            if rows := [(line, text) for line, text in enumerate(texts, number) if text]:
                before = rows[-1][1]
                yield rows
            number += len(texts) - 1
        text = self._plain(rest)
        if _ROW.fullmatch(text) and _decimals(text) == _decimals(before):
            yield [(number, text)]
        elif text:
            notes.add("cut", f"the file ends within line {number}, which is left out")

    def _plain(self, data: bytes) -> str:
        text = data.decode("latin-1").replace("\r\n", "\n")
        return text if self._first.separator == "," else text.replace(",", ".").replace(";", ",")

    def _parsed(self, rows: Sequence[Row]) -> tuple[Times, Values]:
        """Times `(t)` in ms after the first row, and columns `(c t)`. Raises DataError for a row that is damaged."""
        for line, text in rows:
            if not _ROW.fullmatch(text):
                expected = f"a time and {_COLUMNS} numbers"
                raise DataError(f"{self.path}, line {line}", expected, show(text), "correct or remove the line")
        texts = [text for _, text in rows]
        try:
            time = np.array([f"{text[:19]}.{text[20:_TIME]}" for text in texts], "datetime64[ms]")
        except ValueError:
            line, text = next((line, text) for line, text in rows if clock(text[:_TIME]) is None)
            raise DataError(f"{self.path}, line {line}", "a date and time", show(text[:_TIME]), COPY) from None
        values = np.loadtxt([text[_TIME + 1 :] for text in texts], delimiter=",", comments=None, ndmin=2)
        return (time - np.datetime64(self._first.time, "ms")).astype(np.int64), values.T

    def _require_rate(self, time: Times) -> None:
        steps = np.diff(time)
        if len(steps) and abs(float(np.median(steps)) - self._period) > _OFF * self._period + _ROUNDING:
            where = f"{self.path}, header, Measurement Frequency"
            found = f"{self.about.rate:g} Hz, but rows {np.median(steps):g} ms apart"
            raise DataError(where, f"the rate of the rows, {1000 / np.median(steps):g} Hz", found, _EXPORT)

    def _gaps(self, rows: Sequence[Row], time: Times, last: int | None, notes: Notes) -> list[int]:
        """Rows before which time is missing. Raises DataError where it does not increase."""
        steps = np.diff(time, prepend=time[0] - round(self._period) if last is None else last)
        if (steps <= 0).any():
            where = int((steps <= 0).argmax())
            line, text = rows[where]
            raise DataError(f"{self.path}, line {line}", "a time after that of the row before", text[:_TIME], COPY)
        gaps = [int(row) for row in np.flatnonzero(steps > _GAP * self._period + _ROUNDING)]
        for row in gaps:
            seconds = (steps[row] - self._period) / 1000
            notes.add("gap", f"a gap of {seconds:.3f} s before line {rows[row][0]}, {rows[row][1][:_TIME]}")
        return gaps

    def _block(self, time: Times, values: Values, continues: bool) -> Block:
        axes = len(AXES)
        return Block(time / 1000, values[:axes], dict(zip(_SIDE, values[axes:], strict=True)), continues)


def _decimals(row: str) -> int:
    """Decimals of the last cell: all rows have as many, unless the end of the file cuts one."""
    return len(row.rpartition(".")[2])
