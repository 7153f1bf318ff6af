"""The vendor's table of raw samples as text: lines of named fields, then a row per sample."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO

from zoo_registry import DataError, show

from zoo_geneactiv.fields import AXES, COPY, LONGEST_HEADER, LONGEST_LINE, text_of, time_of
from zoo_geneactiv.notes import Notes

EXPORT = "export the .bin again in the vendor's program, as raw data"
SIDE = {"light": "lux", "button": "0 or 1", "temperature": "°C"}
"""Columns after the axes, in their order."""
COLUMNS = len(AXES) + len(SIDE)
"""Columns after the time."""
TIME = len("2021-03-28 00:59:51:000")
"""Characters of a time."""

_ROW = re.compile(rf"\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d:\d{{3}}(?:,-?\d{{1,9}}(?:\.\d{{1,9}})?){{{COLUMNS}}}", re.ASCII)
_SUMMARY = 12
"""Cells of a summary."""
_WIDTH = 55
"""Bytes of a row, about."""

Row = tuple[int, str]
"""The number of a line and its text, with commas between cells and decimal points."""


@dataclass(frozen=True)
class Table:
    """The ``fields`` above the rows; the ``byte``, ``line`` and ``time`` at which these begin; what separates cells."""

    path: Path
    fields: Mapping[str, str]
    byte: int
    line: int
    time: datetime
    separator: str

    def rows(self, file: BinaryIO, count: int, notes: Notes) -> Iterator[list[Row]]:
        """All rows, about ``count`` at a time. A last line that is cut is noted.

        Raises DataError for a line that is no row.
        """
        file.seek(self.byte)
        number, rest, before = self.line, b"", ""
        while data := file.read(count * _WIDTH):
            lines, end, rest = (rest + data).rpartition(b"\n")
            if len(rest) > LONGEST_LINE:
                raise DataError(self.at(number), "a row", f"{len(rest):,} bytes without a line end", COPY)
            texts = self._plain(lines + end).split("\n")
            if rows := [(line, text) for line, text in enumerate(texts, number) if text]:
                self._require_rows(rows)
                before = rows[-1][1]
                yield rows
            number += len(texts) - 1
        last = self._plain(rest)
        if _ROW.fullmatch(last) and _decimals(last) == _decimals(before):
            yield [(number, last)]
        elif last:
            notes.add("cut", f"the file ends within line {number}, which is left out")

    def at(self, line: int) -> str:
        """The file and a line of it, for messages."""
        return f"{self.path}, line {line}"

    def _plain(self, data: bytes) -> str:
        text = data.decode("latin-1").replace("\r\n", "\n")
        return text if self.separator == "," else text.replace(",", ".").replace(";", ",")

    def _require_rows(self, rows: list[Row]) -> None:
        for line, text in rows:
            if not _ROW.fullmatch(text):
                hint = "correct or remove the line"
                raise DataError(self.at(line), f"a time and {COLUMNS} numbers", show(text), hint)


def read_table(file: BinaryIO, path: Path) -> Table:
    """The table of samples in ``file``. Raises DataError for a table without samples, such as one of summaries."""
    fields: dict[str, str] = {}
    separator, byte = "", 0
    for number, line in enumerate(iter(partial(file.readline, LONGEST_LINE), b""), 1):
        text = text_of(line).lstrip("\ufeff")
        separator = separator or max(",;", key=text.count)
        time, cells = time_of(text[:TIME]), text.count(separator) + 1
        if time is not None and cells > 1:
            table = Table(path, fields, byte, number, time, separator)
            if cells != 1 + COLUMNS:
                found = f"{cells} cells" + ", a summary of many samples" * (cells == _SUMMARY)
                raise DataError(table.at(number), f"{1 + COLUMNS} cells of a sample", found, EXPORT)
            return table
        name, colon, value = text.partition(separator)
        if name and colon:
            fields.setdefault(name, value.strip())
        byte += len(line)
        if byte > LONGEST_HEADER:
            break
    raise DataError(str(path), "rows of samples below a header", f"none in {byte:,} bytes", EXPORT)


def _decimals(row: str) -> int:
    """Decimals of the last cell: all rows have as many, unless the end of the file cuts one."""
    return len(row.rpartition(",")[2].partition(".")[2])
