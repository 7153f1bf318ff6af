"""The pages of a .bin one after the other: a few named fields, then a line with twelve digits for each sample."""

from binascii import unhexlify
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

from zoo_registry import DataError, show

from zoo_geneactiv.fields import COPY, LONGEST_LINE, number, same_rate, text_of, time_of
from zoo_geneactiv.header import FIRST, PAGE, SERIAL, Header

SAMPLES = 300
"""Samples of a page."""
EPOCH = datetime(1970, 1, 1)

_DIGITS = 12
"""Of a sample."""
_MOST_LINES = 32
"""Lines of a page that are kept; ten are usual."""
_HEXADECIMAL = b"0123456789ABCDEFabcdef"
_MARK, _HEADER = PAGE.encode(), FIRST.encode()
_FIELDS = ("Page Time", "Temperature", "Battery voltage", "Measurement Frequency")


class Page(NamedTuple):
    """A sound page. ``start`` is in ms after `EPOCH` by the device's clock, ``data`` has 6 bytes per sample,
    ``temperature`` is in °C and ``battery`` in V."""

    number: int
    start: int
    data: bytes
    temperature: float
    battery: float

    @property
    def samples(self) -> int:
        """How many there are; the last page of a file may be cut short."""
        return len(self.data) // (_DIGITS // 2)


class Damage(NamedTuple):
    """A page that is left out, and ``why`` in a sentence."""

    why: str


class Stray(NamedTuple):
    """Lines after the samples of the page ``number`` that belong to no page."""

    number: int
    lines: int


def pages_of(file: BinaryIO, path: Path, header: Header) -> Iterator[Page | Damage | Stray]:
    """The pages from where ``file`` stands. Raises DataError for a page of another rate, and a second recording."""
    before = -1
    for lines in _groups(file):
        digits = next((place for place, line in enumerate(lines) if b":" not in line), len(lines))
        page = _page(lines[:digits], lines[digits : digits + 1], before, path, header)
        before = page.number if isinstance(page, Page) else before + 1
        yield page
        after = lines[digits + 1 :]
        if any(line.startswith(_HEADER) for line in after):
            hint = "store each recording in a file of its own"
            raise DataError(f"{path}, after page {before}", "another page or the end", "a second header", hint)
        if after and isinstance(page, Page):
            yield Stray(before, len(after))


def _groups(file: BinaryIO) -> Iterator[list[bytes]]:
    """The lines of each page without blank ones; only the line of samples keeps its end."""
    lines: list[bytes] | None = None
    for line in iter(partial(file.readline, LONGEST_LINE), b""):
        if line.startswith(_MARK) and line.strip() == _MARK:
            if lines is not None:
                yield lines
            lines = []
        elif lines is not None and len(lines) < _MOST_LINES and not line.isspace():
            lines.append(line)
    if lines is not None:
        yield lines


def _page(head: Sequence[bytes], digits: Sequence[bytes], before: int, path: Path, header: Header) -> Page | Damage:
    place = "the first page" if before < 0 else f"the page after page {before}"
    fields: dict[str, str] = {}
    for line in head:
        name, _, value = text_of(line).partition(":")
        if name in fields:
            return Damage(f"{place} states {show(name)} twice")
        fields[name] = value.strip()
    count = number(fields.get("Sequence Number", ""))
    if count is None or count != int(count) or count < 0:
        return Damage(f"{place} has no sequence number")
    place = f"page {int(count)}"
    if missing := next((name for name in (SERIAL, *_FIELDS) if name not in fields), None):
        return Damage(f"{place} has no {missing}")
    if fields[SERIAL] != header.serial:
        return Damage(f"{place} is of the device {show(fields[SERIAL])}, not {header.serial}")
    when = time_of(fields["Page Time"])
    temperature, battery, rate = (number(fields[name]) for name in _FIELDS[1:])
    if when is None or temperature is None or battery is None or rate is None:
        wrong = _FIELDS[(when, temperature, battery, rate).index(None)]
        return Damage(f"{place} has the {wrong} {show(fields[wrong])}")
    if not same_rate(rate, header.rate):
        raise DataError(f"{path}, {place}", f"the rate of the header, {header.rate:g} Hz", f"{rate:g} Hz", COPY)
    data = _samples(digits[0] if digits else b"", place)
    if isinstance(data, Damage):
        return data
    return Page(int(count), (when - EPOCH) // timedelta(milliseconds=1), data, temperature, battery)


def _samples(line: bytes, place: str) -> bytes | Damage:
    """The bytes of whole samples; only a line that the end of the file cuts may hold a part of one."""
    digits = line.rstrip()
    count, rest = divmod(len(digits), _DIGITS)
    if not count:
        return Damage(f"{place} has no samples")
    if count > SAMPLES:
        return Damage(f"{place} has {count} samples where a page holds {SAMPLES}")
    if rest and len(digits) < len(line):
        return Damage(f"{place} has {len(digits)} digits, not {_DIGITS} for each sample")
    try:
        return unhexlify(digits[: count * _DIGITS])
    except ValueError:
        sample = (len(digits) - len(digits.lstrip(_HEXADECIMAL))) // _DIGITS
        found = show(digits[sample * _DIGITS :][:_DIGITS].decode("latin-1"))
        return Damage(f"sample {sample} of {place} is {found}, which is not {_DIGITS} hexadecimal digits")
