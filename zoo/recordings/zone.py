"""UTC of a device's clock, by the time zone that it was set in."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo, available_timezones

from zoo_registry import SpecError
from zoo_registry.suggest import nearest

_OF_THIS_MACHINE = {"Factory", "localtime"}
"""Names that mean another zone on another machine."""
_WEEK = timedelta(days=7)


def zone_named(name: str) -> ZoneInfo:
    """The zone with this name in the IANA time zone database, such as Europe/Berlin; raises SpecError for any other."""
    known = available_timezones() - _OF_THIS_MACHINE
    if name in known:
        return ZoneInfo(name)
    raise SpecError("--zone", "a time zone, such as Europe/Berlin", name or "none", _hint(name, known))


def _hint(name: str, known: set[str]) -> str:
    if not known:
        return "this machine has no time zone database: pip install tzdata"
    if any(map(str.isdigit, name)):  # the nearest name of UTC+2 would be Etc/GMT+2, which is two hours behind UTC
        return "a clock that is always 2 h ahead of UTC is Etc/GMT-2"
    close = nearest(name, sorted(known))
    return f"did you mean {close}?" if close else "write it as Region/City"


def time_text(time: datetime) -> str:
    """A time as files state it, such as 2021-03-28 14:30:00.250; one in UTC ends in +00:00."""
    return time.isoformat(sep=" ", timespec="milliseconds")


@dataclass(frozen=True)
class ZonedClock:
    """A device's clock that showed ``start`` at the first sample, and was set in ``zone``.

    The clock is set once and does not follow summer time. So its start is read in the zone, and later times follow by
    seconds that went by::

        UTC = UTC of start in zone + (time − start)
    """

    zone: ZoneInfo
    start: datetime

    @cached_property
    def offset(self) -> timedelta:
        """What the clock is ahead of UTC, throughout.

        A start that comes twice is the first of both, and one that never comes is read as the clocks were before they
        changed: both are what a clock shows that was set before the change.
        """
        return self.start - _naive(self.start.replace(tzinfo=self.zone, fold=0))

    def utc(self, time: datetime) -> datetime:
        """UTC when the clock showed ``time``, which has no zone; the result has."""
        return (time - self.offset).replace(tzinfo=UTC)

    def shown(self, time: datetime) -> datetime:
        """What the clock showed at ``time``, which has a zone or an offset; the result has none."""
        return _naive(time) + self.offset

    def notes(self, seconds: float) -> list[str]:
        """What is doubtful in the times of a recording of ``seconds``: a start that comes twice or never, and a change
        of the zone's clocks."""
        return [*self._doubtful_start(), *self._changes(self.utc(self.start + timedelta(seconds=seconds)))]

    def _doubtful_start(self) -> Iterator[str]:
        taken, other = (_naive(self.start.replace(tzinfo=self.zone, fold=fold)) for fold in (0, 1))
        shown = f"showed its start, {self.start}"
        if taken < other:
            yield f"the clocks of {self.zone} {shown}, twice: at {taken} UTC, which is taken, and at {other} UTC"
        if taken > other:
            why = f"they were set forward by {_hours(taken - other)}"
            yield f"the clocks of {self.zone} never {shown}: {why}; {taken} UTC is taken, as of a clock set before that"

    def _changes(self, end: datetime) -> Iterator[str]:
        changes = changes_of(self.zone, self.utc(self.start), end)
        first, second = next(changes, None), next(changes, None)
        if first is None:
            return
        ahead = _offset(self.zone, first) - self.offset
        than = f"{_hours(ahead)} {'ahead of' if ahead > timedelta() else 'behind'} the device's"
        then = than if ahead else "the same as the device's"
        until = "" if second is None else f", until {_naive(second)} UTC"
        yield f"the clocks of {self.zone} changed at {_naive(first)} UTC: from then on they are {then}{until}"


def changes_of(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[datetime]:
    """The seconds, from ``start`` to before ``end``, in UTC, at which the clocks of ``zone`` are set to another offset.

    Found from week to week: two changes within a week that cancel each other are none.
    """
    time = start.replace(microsecond=0)
    while time < end:
        after = time + min(_WEEK, end - time)
        if _offset(zone, after) != _offset(zone, time) and (found := _change_between(zone, time, after)) < end:
            yield found
        time = after


def _change_between(zone: ZoneInfo, start: datetime, end: datetime) -> datetime:
    """The second after ``start`` from which on ``zone`` has the offset that it has at ``end``."""

    def changed(seconds: int) -> bool:
        return _offset(zone, start + timedelta(seconds=seconds)) != _offset(zone, start)

    return start + timedelta(seconds=bisect_left(range(int((end - start).total_seconds()) + 1), True, key=changed))


def _offset(zone: ZoneInfo, time: datetime) -> timedelta:
    """What the clocks of ``zone`` are ahead of UTC at ``time``, which is in UTC."""
    return time.astimezone(zone).replace(tzinfo=None) - _naive(time)


def _naive(time: datetime) -> datetime:
    """A time with a zone, in UTC and without it."""
    return time.astimezone(UTC).replace(tzinfo=None)


def _hours(difference: timedelta) -> str:
    return f"{abs(difference.total_seconds()) / 3600:.3g} h"
