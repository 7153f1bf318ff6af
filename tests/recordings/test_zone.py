"""UTC of a device's clock: both days of 2021 on which clocks in Berlin changed, and a clock that never follows them."""

import sys
import zoneinfo
from datetime import UTC, datetime, timedelta, timezone

import pytest
from zoo_registry import SpecError

from zoo.recordings.zone import ZonedClock, changes_of, zone_named

FORWARD, BACK = datetime(2021, 3, 28, 1, tzinfo=UTC), datetime(2021, 10, 31, 1, tzinfo=UTC)
"""When clocks in Berlin were set to summer time and to winter time."""


def clock(*start, zone="Europe/Berlin"):
    return ZonedClock(zone_named(zone), datetime(*start))


@pytest.mark.parametrize(
    ("start", "zone", "hours"),
    [
        ((2021, 1, 15, 12), "Europe/Berlin", 1),
        ((2021, 3, 28, 1, 59, 59), "Europe/Berlin", 1),
        ((2021, 3, 28, 2, 30), "Europe/Berlin", 1),  # never
        ((2021, 3, 28, 3), "Europe/Berlin", 2),
        ((2021, 7, 15, 12), "Europe/Berlin", 2),
        ((2021, 10, 31, 2, 30), "Europe/Berlin", 2),  # twice
        ((2021, 10, 31, 3), "Europe/Berlin", 1),
        ((2021, 3, 28, 2, 30), "Asia/Kolkata", 5.5),
        ((2021, 7, 15, 12), "Asia/Kolkata", 5.5),
        ((2021, 7, 15, 12), "Etc/GMT-1", 1),
        ((2021, 7, 15, 12), "UTC", 0),
    ],
)
def test_the_start_is_read_in_the_zone_and_later_times_follow_by_seconds(start, zone, hours):
    """So the clock stays as far ahead of UTC as it was at its start, for months."""
    found = clock(*start, zone=zone)
    fixed = timezone(timedelta(hours=hours))
    for seconds in (0, 0.25, 1800, 3600, 86_400, 300 * 86_400):
        time = found.start + timedelta(seconds=seconds)
        utc = found.utc(time)
        assert utc == time.replace(tzinfo=fixed)
        assert utc.utcoffset() == timedelta()
        assert [found.shown(utc), found.shown(utc.astimezone(zone_named("Asia/Tokyo")))] == [time, time]


TWICE = (
    "showed its start, 2021-10-31 02:30:00, twice: at 2021-10-31 00:30:00 UTC, which is taken, "
    "and at 2021-10-31 01:30:00 UTC"
)
NEVER = (
    "never showed its start, 2021-03-28 02:30:00: they were set forward by 1 h; "
    "2021-03-28 01:30:00 UTC is taken, as of a clock set before that"
)
SUMMER = "changed at 2021-03-28 01:00:00 UTC: from then on they are 1 h ahead of the device's"
WINTER = "changed at 2021-10-31 01:00:00 UTC: from then on they are"


@pytest.mark.parametrize(
    ("start", "hours", "notes"),
    [
        ((2021, 10, 31, 2, 30), 0.25, [TWICE]),
        ((2021, 10, 31, 2, 30), 24, [TWICE, f"{WINTER} 1 h behind the device's"]),
        ((2021, 3, 28, 2, 30), 24, [NEVER]),
        ((2021, 3, 28, 2, 30), 9000, [NEVER, f"{WINTER} the same as the device's, until 2022-03-27 01:00:00 UTC"]),
        ((2021, 3, 27, 12), 48, [SUMMER]),
        ((2021, 10, 30, 12), 48, [f"{WINTER} 1 h behind the device's"]),
        ((2021, 3, 27, 12), 3 * 8766, [f"{SUMMER}, until 2021-10-31 01:00:00 UTC"]),
        ((2021, 3, 28, 0), 2, []),  # until the moment of the change
        ((2021, 3, 28, 3), 1000, []),
        ((2021, 10, 31, 3), 1000, []),
    ],
)
def test_doubtful_times_are_noted(start, hours, notes):
    assert clock(*start).notes(3600 * hours) == [f"the clocks of Europe/Berlin {note}" for note in notes]


@pytest.mark.parametrize(
    ("zone", "changes"),
    [
        ("Europe/Berlin", [FORWARD, BACK]),
        ("America/New_York", [datetime(2021, 3, 14, 7, tzinfo=UTC), datetime(2021, 11, 7, 6, tzinfo=UTC)]),
        ("Australia/Lord_Howe", [datetime(2021, 4, 3, 15, tzinfo=UTC), datetime(2021, 10, 2, 15, 30, tzinfo=UTC)]),
        ("Asia/Kolkata", []),
    ],
)
def test_all_changes_of_a_year_are_found(zone, changes):
    start, end = (datetime(year, 1, 1, 0, 20, 7, 500_000, tzinfo=UTC) for year in (2021, 2022))
    assert list(changes_of(zone_named(zone), start, end)) == changes


def test_a_change_is_found_from_its_second_on():
    second = timedelta(seconds=1)
    assert list(changes_of(zone_named("Europe/Berlin"), FORWARD - second, FORWARD)) == []
    assert list(changes_of(zone_named("Europe/Berlin"), FORWARD - second, FORWARD + second)) == [FORWARD]
    assert list(changes_of(zone_named("Europe/Berlin"), FORWARD, FORWARD + second)) == []


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Berlin", "did you mean Europe/Berlin?"),
        ("europe/berlin", "did you mean Europe/Berlin?"),
        ("UTC+2", "a clock that is always 2 h ahead of UTC is Etc/GMT-2"),
        ("+02:00", "a clock that is always 2 h ahead of UTC is Etc/GMT-2"),
        ("", "found none; write it as Region/City"),
        ("../../passwd", "write it as Region/City"),
        ("localtime", "expected a time zone, such as Europe/Berlin"),
    ],
)
def test_an_unknown_zone_is_refused_with_the_next_step(name, hint):
    with pytest.raises(SpecError, match=r"--zone: expected a time zone, such as Europe/Berlin, found") as refused:
        zone_named(name)
    assert hint in str(refused.value)


def test_without_a_database_every_zone_is_refused_with_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "tzdata", None)
    zoneinfo.reset_tzpath(to=())
    try:
        with pytest.raises(SpecError, match="this machine has no time zone database: pip install tzdata"):
            zone_named("Europe/Berlin")
    finally:
        zoneinfo.reset_tzpath()
