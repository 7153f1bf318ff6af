"""The lines of a file as numbers, a minute at a time; damaged lines are left out and noted."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from zoo_registry import DataError

from zoo.sources import lines_of, reading
from zoo_pamap2.line import ACTIVITY, COLUMNS, LATEST, LONGEST, MOST_ACTIVE, TIME, fault

Values = NDArray[np.float64]

LINES = 6000
"""Lines of a minute."""
EXPECTED = "a recording of PAMAP2"
HINT = "copy the file from the data set again"


class Rows(NamedTuple):
    """Sound lines as ``values (n 54)``, NaN where one is missing, and ``notes`` on the lines that are left out."""

    values: Values
    notes: tuple[str, ...]


class _Line(NamedTuple):
    """A line by its number; of an overlong one, only the start of its ``text``. ``cut``: it has no end."""

    number: int
    text: str
    cut: bool


def read_rows(path: Path, lines: int = LINES) -> Iterator[Rows]:
    """The lines of ``path``, ``lines`` at a time; blank ones are skipped.

    Raises DataError for a file that cannot be read, and with the line where times do not increase.
    """
    with reading(path, EXPECTED, HINT):
        written = _lines(path)
        last = -np.inf
        while part := list(islice(written, lines)):
            sound, values, notes = _parsed(part)
            _require_increasing(path, sound, values, last)
            last = values[-1, TIME] if len(values) else last
            yield Rows(values, notes)


def last_known(values: Values, before: float) -> Values:
    """``values (t)`` where NaN is replaced by the last value that is not, at first by ``before``."""
    places = np.maximum.accumulate(np.where(np.isnan(values), -1, np.arange(len(values))))
    return np.where(places < 0, before, values[places])


def _lines(path: Path) -> Iterator[_Line]:
    for number, text in enumerate(lines_of(path), 1):
        if text.strip():
            yield _Line(number, text[: LONGEST + 1], not text.endswith(("\n", "\r")))


def _parsed(lines: Sequence[_Line]) -> tuple[Sequence[_Line], Values, tuple[str, ...]]:
    """The sound ones of ``lines``, their values, and notes on the others."""
    values = _whole(lines)
    if values is not None:
        return lines, values, ()
    faults = {line: wrong for line in lines if (wrong := fault(line.text))}
    sound = [line for line in lines if line not in faults]
    values = np.array([[float(cell) for cell in line.text.split()] for line in sound]).reshape(-1, COLUMNS)
    return sound, values, tuple(_notes(faults))


def _whole(lines: Sequence[_Line]) -> Values | None:
    """Values of all ``lines``, None if any has a ``fault``: the same rules, for many lines at once."""
    if max(len(line.text) for line in lines) > LONGEST:
        return None
    try:
        values = np.loadtxt([line.text for line in lines], comments=None, ndmin=2)
    except ValueError:
        return None
    if values.shape[1] != COLUMNS or np.isinf(values).any():
        return None
    timed = (values[:, TIME] >= 0) & (values[:, TIME] <= LATEST)
    known = np.isin(values[:, ACTIVITY], np.arange(MOST_ACTIVE + 1))
    return values if (timed & known).all() else None


def _notes(faults: Mapping[_Line, str]) -> Iterator[str]:
    damaged = [line for line in faults if not line.cut]
    if damaged:
        more = f"; so are {len(damaged) - 1} more up to line {damaged[-1].number}" if len(damaged) > 1 else ""
        yield f"line {damaged[0].number} is left out: {faults[damaged[0]]}{more}"
    yield from (f"line {line.number}, the last, is cut short and left out" for line in faults if line.cut)


def _require_increasing(path: Path, lines: Sequence[_Line], values: Values, last: float) -> None:
    before = np.concatenate([[last], values[:-1, TIME]])
    late = np.flatnonzero(values[:, TIME] <= before[: len(values)])
    if len(late):
        place, found = f"{path}, line {lines[late[0]].number}", f"{values[late[0], TIME]:g} s"
        raise DataError(place, f"a time after {before[late[0]]:g} s, that of the line before", found, HINT)
