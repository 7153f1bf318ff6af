"""Tables of bouts are read to the second, and every mistake in one names its line."""

from datetime import datetime, timedelta

import pytest
from zoo_registry import DataError

from zoo.recordings.bouts import Bout, Span, read_bouts
from zoo.recordings.zone import ZonedClock, zone_named

NOON = datetime(2021, 3, 28, 12)
COVERED = {"a.bin": Span(NOON, NOON + timedelta(hours=2)), "b.bin": Span(NOON, NOON + timedelta(hours=1))}
HEAD = "recording,start,end,label"


def table(folder, *lines, head=HEAD):
    file = folder / "bouts.csv"
    file.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    return file


def test_bouts_are_seconds_of_their_recording_in_order(tmp_path):
    """A recording may be named without its ending; lines may come in any order; touching bouts do not overlap."""
    file = table(
        tmp_path,
        "b,2021-03-28T12:00:00.250,2021-03-28 12:10:00,walk,P2",
        "a.bin,2021-03-28 12:10:00,2021-03-28 12:20:00,sit,",
        "",
        'a.bin,2021-03-28 12:00:00,2021-03-28 12:10:00,"walk",P1',
        head="recording,start,end,label,subject",
    )
    assert read_bouts(file, COVERED) == [
        Bout("a.bin", 0.0, 600.0, "walk", "P1", f"{file}, line 5"),
        Bout("a.bin", 600.0, 1200.0, "sit", None, f"{file}, line 3"),
        Bout("b.bin", 0.25, 600.0, "walk", "P2", f"{file}, line 2"),
    ]


def test_times_with_an_offset_are_those_of_the_device_through_utc(tmp_path):
    """The device was set in winter and shows an hour less than the wall: 12:00 on it was 13:00 there, and 11:00 UTC."""
    clock = ZonedClock(zone_named("Europe/Berlin"), datetime(2021, 3, 27, 12))
    covered = {"a.bin": Span(clock.start, clock.start + timedelta(days=2), clock)}
    plain = ["a.bin,2021-03-28 12:00:00,2021-03-28 12:10:00,walk", "a.bin,2021-03-28 12:10:00,2021-03-28 12:20:00,sit"]
    same = [
        "a.bin,2021-03-28T13:00:00+02:00,2021-03-28 12:10:00,walk",  # both kinds may be mixed
        "a.bin,2021-03-28 11:10:00Z,2021-03-28T16:50:00.000+05:30,sit",
    ]
    assert read_bouts(table(tmp_path, *same), covered) == read_bouts(table(tmp_path, *plain), covered)
    for wrong, words in (
        ("a.bin,2021-03-27 12:30:00+02:00,2021-03-28 12:10:00,walk", "1 outside of it, 2021-03-27 11:30:00 to"),
        ("a.bin,0001-01-01 00:00:00+10:00,2021-03-28 12:10:00,walk", "expected a time as start, such as"),
        ("a.bin,2021-03-28 12:00:00,2021-03-28 12:00:00+02:00,walk", "expected an end after 2021-03-28 12:00:00"),
    ):
        with pytest.raises(DataError, match="line 2: expected") as refused:
            read_bouts(table(tmp_path, wrong), covered)
        assert words in str(refused.value)


WALK = "a.bin,2021-03-28 12:00:00,2021-03-28 12:10:00,walk"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a.bin,2021-03-28 12:09:59,2021-03-28 12:20:00,sit", "an overlap with that of line 2"),
        ("a.bin,2021-03-28 12:20:00,2021-03-28 12:20:00,sit", "expected an end after 2021-03-28 12:20:00"),
        ("a.bin,2021-03-28 12:20:00,2021-03-28 12:30:00,Walk", "found Walk here and walk in line 2"),
        ("c.bin,2021-03-28 12:20:00,2021-03-28 12:30:00,sit", "expected one of the recordings a.bin, b.bin"),
        ("a.bin,12:20,2021-03-28 12:30:00,sit", "expected a time as start, such as 2021-03-28 14:30:00, found 12:20"),
        ("a.bin,2021-03-28 12:20:00+01:00,2021-03-28 12:30:00,sit", "name the zone of its clock, such as --zone"),
        ("a.bin,2021-03-28 13:50:00,2021-03-28 14:10:00,sit", "1 outside of it, 2021-03-28 13:50:00 to"),
        ("a.bin,2021-03-28 12:20:00,2021-03-28 12:30:00,", "expected a label, found none"),
        ("a.bin,2021-03-28 12:20:00,2021-03-28 12:30:00", "expected 4 cells, as in the first line, found 3"),
    ],
)
def test_a_mistake_names_its_line(tmp_path, line, words):
    file = table(tmp_path, WALK, line)
    with pytest.raises(DataError, match=r"line 3: expected") as refused:
        read_bouts(file, COVERED)
    assert words in str(refused.value)


def test_a_table_without_bouts_or_columns_is_refused(tmp_path):
    with pytest.raises(DataError, match="expected at least one bout"):
        read_bouts(table(tmp_path), COVERED)
    with pytest.raises(DataError, match="line 1: expected the columns recording, start, end, label, found no label"):
        read_bouts(table(tmp_path, head="recording,start,end,activity"), COVERED)


def test_names_that_two_recordings_share_are_refused(tmp_path):
    """The same name with two endings is no name of one of them."""
    covered = {"a.bin": COVERED["a.bin"], "a.csv": COVERED["a.bin"]}
    with pytest.raises(DataError, match="found a, which is several of them"):
        read_bouts(table(tmp_path, WALK.replace("a.bin", "a")), covered)
