"""The header of a .bin: the fields of its sections, and the gains and offsets of the device."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from zoo_registry import DataError, show

from zoo_geneactiv.fields import AXES, COPY, LONGEST_HEADER, LONGEST_LINE, number, rate_of, text_of

FIRST = "Device Identity"
"""The first line of a file."""
PAGE = "Recorded Data"
"""The line above every page."""
SERIAL = "Device Unique Serial Code"

_SECTIONS = ("Device Capabilities", "Configuration Info", "Trial Info", "Subject Info")
_CALIBRATION, _MEMORY, _PAGES = "Calibration Data", "Memory Status", "Number of Pages"
_NUMBERS = (*(f"{axis} {name}" for axis in AXES for name in ("gain", "offset")), "Volts", "Lux")


@dataclass(frozen=True)
class Header:
    """``fields`` by their names, as written; ``calibration`` has gains, offsets, Volts and Lux by their names.

    ``pages`` is the announced number of pages, as written; ``end`` is the byte at which the first page starts.
    """

    fields: Mapping[str, str]
    calibration: Mapping[str, float]
    rate: float
    serial: str
    pages: str
    end: int


def read_header(file: BinaryIO, path: Path) -> Header:
    """The header at the start of ``file``. Raises DataError if it is damaged or without pages."""
    lines, end = _lines(file, path)
    if not lines or lines[0] != FIRST:
        found = show(lines[0]) if lines else "an empty file"
        hint = "name the .bin of a GENEActiv; other devices use the same ending"
        raise DataError(str(path), f"a file that starts with {FIRST!r}", found, hint)
    # People write what they like into the notes of a study, names of sections included.
    memory = _last(lines, _MEMORY, len(lines), path)
    calibration = _last(lines, _CALIBRATION, memory, path)
    known = _fields(lines[calibration + 1 : memory])
    pages = _fields(lines[memory + 1 :]).get(_PAGES, "").partition(" ")[0]
    fields = _fields(lines[:calibration]) | known | {_PAGES: pages}
    numbers = {name: _calibration(known, name, f"{path}, lines {calibration + 1} to {memory}") for name in _NUMBERS}
    rate, serial = rate_of(fields, path), fields.get(SERIAL)
    if not serial:
        raise DataError(f"{path}, header, {SERIAL}", "the number of the device", "none", COPY)
    if end is None:
        raise DataError(str(path), "at least one page of samples", "a header alone", COPY)
    return Header(fields, numbers, rate, serial, pages, end)


def _lines(file: BinaryIO, path: Path) -> tuple[list[str], int | None]:
    """The lines above the first page, and the byte at which it starts; None if there is no page."""
    lines: list[str] = []
    before = start = 0
    while line := file.readline(LONGEST_LINE):
        end = start + len(line)
        if end > LONGEST_HEADER:
            raise DataError(str(path), f"a page within {LONGEST_HEADER:,} bytes", "none", COPY)
        lines.append(text_of(line))
        if len(lines) > 1 and lines[-2] == PAGE and lines[-1].startswith(f"{SERIAL}:"):
            return lines[:-2], before
        before, start = start, end
    return lines, None


def _last(lines: Sequence[str], section: str, end: int, path: Path) -> int:
    """Index of the last line ``section`` above the line with index ``end``."""
    found = next((index for index in reversed(range(end)) if lines[index] == section), None)
    if found is None:
        raise DataError(f"{path}, header", f"the section {section!r}", f"none in {end} lines", COPY)
    return found


def _fields(lines: Sequence[str]) -> dict[str, str]:
    """The fields of all sections; a line that is no field belongs to the notes above it."""
    fields: dict[str, str] = {}
    current = ""
    for before, line in zip(("", *lines), lines, strict=False):
        name, colon, value = line.partition(":")
        in_notes = current.endswith("Notes") and not name.startswith("Extract ")
        if not before and line in (FIRST, *_SECTIONS):
            current = ""
        elif name and colon and name not in fields and not in_notes:
            current, fields[name] = name, value.strip()
        elif line and current:
            fields[current] += f" {line}"
    return fields


def _calibration(fields: Mapping[str, str], name: str, where: str) -> float:
    """A number of the calibration; a gain is never assumed, as every device has its own."""
    value = number(fields.get(name, ""))
    if value is None or (value <= 0 and not name.endswith("offset")):
        expected = "a number" if name.endswith("offset") else "a number above 0"
        raise DataError(f"{where}, {name}", expected, show(fields[name]) if name in fields else "no such line", COPY)
    return value
