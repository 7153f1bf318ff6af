"""A table as text: its header, its rows with their line numbers, and the numbers in its cells."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from pathlib import Path
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray
from zoo_registry import DataError, SpecError, nearest

from zoo.sources import lines_of

Row = tuple[int, list[str]]
"""The number of a line and its cells."""

FILE = "a file in CSV format, with the names of its columns in the first line"
"""What a file is expected to hold."""
HINT = "save it as comma-separated values in UTF-8"
_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
_MISSING = ("", "nan", "na", "n/a", "<na>", "null", "none")
"""Spellings of a missing value in common programs, in lower case."""
_SHOWN = 8


class Table:
    """The rows of one file; a column is its index. Raises DataError for a file without a header of distinct names."""

    def __init__(self, path: Path, delimiter: str | None = None, decimal: str = "point") -> None:
        self.path = path
        self.decimal = decimal
        first = next((line for line in lines_of(path) if line.strip()), "")
        self.delimiter = _DELIMITERS[delimiter] if delimiter else max(_DELIMITERS.values(), key=first.count)
        line, names = next(self._lines(), (1, []))
        self.names = [normalize("NFC", name.strip()) for name in names]
        if not any(self.names):
            hint = "name every column in the first line"
            raise DataError(self.at(line), "a line with the names of the columns", "none", hint)
        if twice := next((name for name in self.names if self.names.count(name) > 1), None):
            raise DataError(self.at(line), "a name for each column", f"{twice!r} twice", "rename one of them")

    def at(self, line: int) -> str:
        """The file and a line of it, for messages."""
        return f"{self.path}, line {line}"

    def column(self, name: str, field: str) -> int:
        """Index of the column ``name``, given in the spec's ``field``. Raises SpecError if there is none."""
        if name in self.names:
            return self.names.index(name)
        more = f" and {len(self.names) - _SHOWN} more" * (len(self.names) > _SHOWN)
        close = nearest(name, self.names)
        hint = f"did you mean {close!r}? " if close else ""
        hint += f"{self.path} has {', '.join(self.names[:_SHOWN])}{more}"
        raise SpecError(f"data.source.{field}", "a column of the table", repr(name), hint)

    def rows(self) -> Iterator[Row]:
        """Line and cells of every row below the header that is not blank. Raises DataError for a ragged row."""
        lines = self._lines()
        next(lines)
        for line, cells in lines:
            if len(cells) != len(self.names):
                expected = f"{len(self.names)} cells, as the header has"
                hint = f"correct the line, or set data.source.delimiter if {self.delimiter!r} is not between the cells"
                raise DataError(self.at(line), expected, str(len(cells)), hint)
            yield line, cells

    def numbers(self, cells: Sequence[str], lines: Sequence[int], columns: Sequence[int]) -> NDArray[np.float32]:
        """``cells`` as numbers, NaN where missing; they are those at ``lines`` and ``columns``, line by line.

        Raises DataError with the line and the column for a cell that is not a number.
        """
        plain: Iterable[str] = cells if self.decimal == "point" else [cell.replace(",", ".") for cell in cells]
        try:
            found = np.fromiter(map(float, plain), np.float64, len(cells))
        except ValueError:
            places = product(lines, columns)
            found = np.array([self._number(cell, *place) for cell, place in zip(plain, places, strict=True)])
        with np.errstate(over="ignore"):
            return found.astype(np.float32)

    def _number(self, cell: str, line: int, column: int) -> float:
        if cell.strip().lower() in _MISSING:
            return np.nan
        try:
            return float(cell)
        except ValueError:
            hint = "correct the cell, or leave it empty where the value is missing"
            if "," in cell and self.decimal == "point":
                hint = "set data.source.decimal to comma if that is the decimal sign"
            where = f"{self.at(line)}, column {self.names[column]}"
            raise DataError(where, "a number", repr(cell), hint) from None

    def _lines(self) -> Iterator[Row]:
        """The cells of every line that is not blank, and its number, the last one of a row over several lines."""
        reader = csv.reader(lines_of(self.path), delimiter=self.delimiter, skipinitialspace=True, strict=True)
        read = 0
        try:
            for cells in reader:
                read = reader.line_num
                if any(cells):
                    yield read, cells
        except csv.Error as error:
            hint = "check the quotation marks of that line"
            raise DataError(self.at(read + 1), "cells of a table", str(error), hint) from None
