"""One pass over a recording: how long it is, where it has gaps, and what is wrong with its file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from zoo_registry import About, Block, DataError, Recording

from zoo.recordings.bouts import Span
from zoo.recordings.zone import ZonedClock, time_text

_ROOM = timedelta(days=3)
"""Between the samples and the first and last date that Python has: for offsets of zones, and whole days."""


class Stretch(NamedTuple):
    """Consecutive ``samples`` without a gap, in seconds after the start of the recording; ``end`` is that of the last
    sample."""

    start: float
    end: float
    samples: int


@dataclass(frozen=True)
class Survey:
    """Extent of a recording: its ``stretches`` from first to last, and the ``notes`` on its file and on its times.

    ``zoned`` is the device's clock in a time zone, None if no zone was named.
    """

    about: About
    stretches: tuple[Stretch, ...]
    notes: tuple[str, ...]
    zoned: ZonedClock | None = None

    @property
    def samples(self) -> int:
        """All samples."""
        return sum(stretch.samples for stretch in self.stretches)

    @property
    def seconds(self) -> float:
        """From the start of the recording to the end of its last sample, gaps included."""
        return self.stretches[-1].end

    @property
    def span(self) -> Span:
        """Start and end by the device's own clock."""
        return Span(self.about.start, self.at(self.seconds), self.zoned)

    def at(self, seconds: float) -> datetime:
        """The time by the device's own clock, to the millisecond."""
        return self.about.start + timedelta(milliseconds=round(1000 * seconds))

    def clock(self, seconds: float) -> str:
        """The same as text, such as 2021-03-28 14:30:00.250."""
        return time_text(self.at(seconds))

    def utc(self, seconds: float) -> datetime | None:
        """The time in UTC, with that zone; None if no zone was named."""
        return None if self.zoned is None else self.zoned.utc(self.at(seconds))


def survey(recording: Recording, also: Sequence[Callable[[Block], None]] = (), zone: ZoneInfo | None = None) -> Survey:
    """Read all of ``recording``; every block is also given to each of ``also``. Its clock was set in ``zone``.

    Raises DataError for a file that cannot be trusted, or one without samples.
    """
    stretches: list[Stretch] = []
    notes: list[str] = []
    period = 1 / recording.about.rate
    for block in recording.blocks():
        notes += block.notes
        if not len(block.time):
            continue
        first, last = float(block.time[0]), float(block.time[-1]) + period
        if stretches and block.continues:
            before = stretches[-1]
            stretches[-1] = Stretch(before.start, last, before.samples + len(block.time))
        else:
            stretches.append(Stretch(first, last, len(block.time)))
        for each in also:
            each(block)
    if not stretches:
        raise DataError(str(recording.path), "at least one sample", "none", "copy the file from the device again")
    _require_dates(recording, stretches[-1].end)
    zoned = None if zone is None else ZonedClock(zone, recording.about.start)
    if zoned is not None:
        notes += zoned.notes(stretches[-1].end)
    return Survey(recording.about, tuple(stretches), tuple(notes), zoned)


def _require_dates(recording: Recording, seconds: float) -> None:
    """Raise DataError for samples at dates that Python does not have, or not in every zone."""
    start = recording.about.start
    if start < datetime.min + _ROOM or seconds > (datetime.max - _ROOM - start).total_seconds():
        found = f"{seconds:g} s from {start} on"
        raise DataError(
            str(recording.path), "samples in the years 1 to 9999", found, "set the device's clock, and record again"
        )
