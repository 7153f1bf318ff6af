"""What was done when: a table of labelled bouts, and the recordings they are in."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from zoo_registry import DataError
from zoo_registry.suggest import nearest

from zoo.recordings.zone import ZonedClock
from zoo.sources import lines_of, reading, word

COLUMNS = ("recording", "start", "end", "label")
_HINT = "a table with the columns recording,start,end,label and, if known, subject"


class Span(NamedTuple):
    """The time that a recording covers, by the device's own clock, and this clock in a zone if one was named."""

    start: datetime
    end: datetime
    zoned: ZonedClock | None = None


class Bout(NamedTuple):
    """One activity of one person: seconds after the start of ``recording``; ``place`` is its line, for messages."""

    recording: str
    start: float
    end: float
    label: str
    subject: str | None
    place: str


def read_bouts(path: Path, covered: Mapping[str, Span]) -> list[Bout]:
    """The bouts in the table ``path``, in the order of recordings and times.

    ``covered`` are the recordings by the name of their file. A time is written like `2021-03-28 14:30:00` by the clock
    of the device. Where the zone of this clock is known, a time may also have an offset. Raises DataError with the line
    for an unknown recording, a time that cannot be read or is outside of its recording, an end before its start, bouts
    that overlap, and labels that differ in case alone.
    """
    with reading(path, "a table of labelled bouts", _HINT):
        bouts = list(_bouts(path, covered))
    if not bouts:
        raise DataError(str(path), "at least one bout", "none", _HINT)
    _require_apart(bouts)
    _require_one_spelling(bouts)
    names = list(covered)
    return sorted(bouts, key=lambda bout: (names.index(bout.recording), bout.start))


def _bouts(path: Path, covered: Mapping[str, Span]) -> Iterator[Bout]:
    rows = csv.reader(lines_of(path))
    head = [word(name).lower() for name in next(rows, [])]
    missing = [name for name in COLUMNS if name not in head]
    if missing:
        raise DataError(f"{path}, line 1", f"the columns {', '.join(COLUMNS)}", f"no {missing[0]}", _HINT)
    outside = []
    for row in rows:
        if not any(cell.strip() for cell in row):
            continue
        place = f"{path}, line {rows.line_num}"
        if len(row) != len(head):
            raise DataError(place, f"{len(head)} cells, as in the first line", str(len(row)), _HINT)
        bout, inside = _bout(dict(zip(head, map(word, row), strict=True)), covered, place)
        outside += [] if inside else [bout]
        yield bout
    if outside:
        raise _outside(outside, covered)


def _bout(cells: Mapping[str, str], covered: Mapping[str, Span], place: str) -> tuple[Bout, bool]:
    """One bout, and whether its recording covers it."""
    recording = _recording(cells["recording"], covered, place)
    span = covered[recording]
    start, end = (_time(cells[name], name, span, place) for name in ("start", "end"))
    if end <= start:
        raise DataError(place, f"an end after {cells['start']}", cells["end"], "correct the times")
    if not cells["label"]:
        raise DataError(place, "a label", "none", "write one, or remove the line")
    subject = cells.get("subject") or None
    first, last = ((time - span.start).total_seconds() for time in (start, end))
    return Bout(recording, first, last, cells["label"], subject, place), span.start <= start and end <= span.end


def _recording(name: str, covered: Mapping[str, Span], place: str) -> str:
    """The recording of that file name, with or without its ending."""
    found = [known for known in covered if name in (known, Path(known).stem)]
    if len(found) == 1:
        return found[0]
    close = nearest(name, list(covered))
    hint = f"did you mean {close}?" if close else "give all recordings of the table to the command"
    expected = f"one of the recordings {', '.join(covered)}"
    raise DataError(place, expected, f"{name}, which is several of them" if found else name, hint)


def _time(text: str, name: str, span: Span, place: str) -> datetime:
    """A time by the device's clock."""
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None and span.zoned is not None:
            return span.zoned.shown(found)
    except (ValueError, OverflowError):
        raise DataError(place, f"a time as {name}, such as 2021-03-28 14:30:00", text or "none", _HINT) from None
    if found.tzinfo is not None:
        hint = "name the zone of its clock, such as --zone Europe/Berlin, or write what it showed, without an offset"
        raise DataError(place, f"a time by the device's own clock as {name}", text, hint)
    return found


def _outside(bouts: Sequence[Bout], covered: Mapping[str, Span]) -> DataError:
    first = bouts[0]
    span = covered[first.recording]
    there = [bout for bout in bouts if bout.recording == first.recording]
    start, end = (span.start + timedelta(seconds=of) for of in (min(b.start for b in there), max(b.end for b in there)))
    expected = f"bouts within {first.recording}, {span.start} to {span.end}"
    found = f"{len(there)} outside of it, {start} to {end}"
    return DataError(first.place, expected, found, "is the table by another clock, or of another recording?")


def _require_apart(bouts: Sequence[Bout]) -> None:
    ordered = sorted(bouts, key=lambda bout: (bout.recording, bout.start))
    for one, other in pairwise(ordered):
        if one.recording == other.recording and other.start < one.end:
            found = f"an overlap with that of {one.place.rpartition(', ')[2]}"
            raise DataError(other.place, "bouts that do not overlap", found, "correct the times")


def _require_one_spelling(bouts: Sequence[Bout]) -> None:
    seen: dict[str, Bout] = {}
    for bout in bouts:
        first = seen.setdefault(bout.label.casefold(), bout)
        if first.label != bout.label:
            found = f"{bout.label} here and {first.label} in {first.place.rpartition(', ')[2]}"
            raise DataError(bout.place, "one spelling of every label", found, "use one of them")
