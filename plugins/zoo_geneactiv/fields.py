"""Values of fields as the device and its programs write them, and what every header has in common."""

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from zoo_registry import About, DataError, show

AXES = ("x", "y", "z")
UNITS = "g"
"""Unit of acceleration: 9.81 m/s²."""
COPY = "copy the file from the device again"
LONGEST_LINE = 2**16
"""Bytes; a page is a line of 3,600 digits."""
LONGEST_HEADER = 2**18
"""Bytes; 1,200 are usual."""

_NUMBER = re.compile(r"[+-]?\d{1,9}(?:[.,]\d{1,9})?", re.ASCII)
_CLOCK = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2}) (\d{1,2}):(\d{1,2}):(\d{1,2})[:.,](\d{3})", re.ASCII)
_RATES = (1.0, 1000.0)
_SAME_RATE = 0.005
"""Relative: 85.7 Hz is written for 600 / 7."""


def text_of(line: bytes) -> str:
    """A line without its end: UTF-8, or Latin-1 if it is not."""
    try:
        return line.decode().strip()
    except UnicodeDecodeError:
        return line.decode("latin-1").strip()


def number(text: str) -> float | None:
    """The number in ``text``, with a decimal point or comma; None for any other text."""
    return float(text.replace(",", ".")) if _NUMBER.fullmatch(text) else None


def time_of(text: str) -> datetime | None:
    """The time in ``text``, such as 2021-03-28 00:59:51:000 with milliseconds; None for any other text."""
    if not (found := _CLOCK.fullmatch(text)):
        return None
    year, month, day, hour, minute, second, milliseconds = map(int, found.groups())
    try:
        return datetime(year, month, day, hour, minute, second, 1000 * milliseconds)
    except ValueError:
        return None


def same_rate(one: float, other: float) -> bool:
    """Whether two rates in Hz agree as far as they are rounded."""
    return abs(one - other) <= _SAME_RATE * other


def rate_of(fields: Mapping[str, str], path: Path) -> float:
    """The rate of a header in Hz. Raises DataError for one that the device cannot have."""
    found = fields.get("Measurement Frequency")
    rate = None if found is None else number(found.removesuffix("Hz").strip())
    if rate is None or not _RATES[0] <= rate <= _RATES[1]:
        where = f"{path}, header, Measurement Frequency"
        expected = f"a rate of {_RATES[0]:g} to {_RATES[1]:g} Hz"
        raise DataError(where, expected, "none" if found is None else show(found), COPY)
    return rate


def about_of(start: datetime, rate: float, side: Mapping[str, str], fields: Mapping[str, str]) -> About:
    """What a header with these ``fields`` says of a recording."""
    device = " ".join(filter(None, (fields.get("Device Type"), fields.get("Device Unique Serial Code"))))
    subject = fields.get("Subject Code") or None
    return About(start, rate, AXES, UNITS, side, subject=subject, device=device or None, facts=fields)
