"""The vendor's table of raw samples as blocks of samples in g."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from zoo_registry import About, Block, DataError, Recording, show

from zoo.sources import reading
from zoo_geneactiv.csv_table import COLUMNS, EXPORT, SIDE, TIME, Row, Table, read_table
from zoo_geneactiv.fields import AXES, COPY, about_of, rate_of, time_of
from zoo_geneactiv.notes import Notes

_BLOCK = 60
"""Seconds of a block."""
_GAP = 1.5
"""A longer step from one row to the next, in sample periods, is a gap."""
_OFF = 0.01
"""Largest relative error of the header's rate."""
_ROUNDING = 1
"""Times are in whole ms."""
_EXPECTED = "the raw table of a GENEActiv"

Values = NDArray[np.float64]
Times = NDArray[np.int64]


def open_csv(path: Path) -> "CsvRecording":
    """The recording in ``path``. Raises DataError for a damaged header, and for summaries."""
    with reading(path, _EXPECTED, EXPORT), path.open("rb") as file:
        table = read_table(file, path)
    return CsvRecording(table, about_of(table.time, rate_of(table.fields, path), SIDE, table.fields))


class CsvRecording(Recording):
    """Rows of a table, about a minute of them in a block. Times are those of the rows, in whole ms."""

    def __init__(self, table: Table, about: About) -> None:
        super().__init__(table.path, about)
        self._table = table
        self._period = 1000 / about.rate

    def blocks(self) -> Iterator[Block]:
        notes, last = Notes(), None
        with reading(self.path, _EXPECTED, COPY), self.path.open("rb") as file:
            for rows in self._table.rows(file, round(_BLOCK * self.about.rate), notes):
                time, values = self._parsed(rows)
                if last is None:
                    self._require_rate(time)
                gaps = self._gaps(rows, time, last, notes)
                for start, end in pairwise(sorted({0, *gaps, len(time)})):
                    continues = last is not None and start not in gaps
                    yield self._block(time[start:end], values[:, start:end], continues)
                    last = int(time[end - 1])
        if found := notes.sentences():
            nothing = self._block(np.empty(0, np.int64), np.empty((COLUMNS, 0)), continues=True)
            yield nothing._replace(notes=found)

    def _parsed(self, rows: Sequence[Row]) -> tuple[Times, Values]:
        """Times `(t)` in ms after the first row, and columns `(c t)`. Raises DataError for a date there is not."""
        try:
            time = np.array([f"{text[:19]}.{text[20:TIME]}" for _, text in rows], "datetime64[ms]")
        except ValueError:
            line, text = next((line, text) for line, text in rows if time_of(text[:TIME]) is None)
            raise DataError(self._table.at(line), "a date and time", show(text[:TIME]), COPY) from None
        values = np.loadtxt([text[TIME + 1 :] for _, text in rows], delimiter=",", comments=None, ndmin=2)
        return (time - np.datetime64(self.about.start, "ms")).astype(np.int64), values.T

    def _require_rate(self, time: Times) -> None:
        steps = np.diff(time)
        if len(steps) and abs(float(np.median(steps)) - self._period) > _OFF * self._period + _ROUNDING:
            step = float(np.median(steps))
            found = f"{self.about.rate:g} Hz, but rows {step:g} ms apart"
            raise DataError(f"{self.path}, header, Measurement Frequency", "the rate of the rows", found, EXPORT)

    def _gaps(self, rows: Sequence[Row], time: Times, last: int | None, notes: Notes) -> list[int]:
        """Rows before which time is missing. Raises DataError where it does not increase."""
        steps = np.diff(time, prepend=time[0] - round(self._period) if last is None else last)
        if (steps <= 0).any():
            line, text = rows[int((steps <= 0).argmax())]
            raise DataError(self._table.at(line), "a time after that of the row before", text[:TIME], COPY)
        gaps = [int(row) for row in np.flatnonzero(steps > _GAP * self._period + _ROUNDING)]
        for row in gaps:
            line, text = rows[row]
            seconds = (steps[row] - self._period) / 1000
            notes.add("gap", f"a gap of {seconds:.3f} s before line {line}, {text[:TIME]}")
        return gaps

    def _block(self, time: Times, values: Values, continues: bool) -> Block:
        axes = len(AXES)
        return Block(time / 1000, values[:axes], dict(zip(SIDE, values[axes:], strict=True)), continues)
