"""Recordings of PAMAP2 are read as written; damage is noted with its line."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pamap2_files import channels, lines_of, save, table, unpacked
from zoo_pamap2 import Pamap2Reader, zoo_recordings
from zoo_pamap2.line import AXES, CLASSES
from zoo_pamap2.recording import Pamap2Recording
from zoo_registry import DataError

from zoo.recordings.activities import Activities
from zoo.recordings.opening import open_recording
from zoo.recordings.survey import survey
from zoo.testing import check_recording


@pytest.fixture
def file(tmp_path):
    return save(tmp_path / "subject107.dat", lines_of(table(300)))


@pytest.fixture(params=["subject101", "subject102"])
def golden(request, tmp_path):
    return unpacked(request.param, tmp_path)


def read(path: Path, lines: int = 6000) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[float]]:
    """Times, samples, activities, and the times of samples after a gap."""
    blocks = list(Pamap2Recording(path, lines).blocks())
    starts = [float(block.time[0]) for block in blocks if len(block.time) and not block.continues]
    time, activity = (
        np.concatenate(parts) for parts in zip(*((b.time, b.side["activity"]) for b in blocks), strict=True)
    )
    return time, np.concatenate([block.x for block in blocks], axis=1), activity, starts


def notes(path: Path) -> list[str]:
    return [note for block in Pamap2Reader().open(path).blocks() for note in block.notes]


def test_the_reader_is_held_to_the_contract(file):
    check_recording(Pamap2Reader(), file)


def test_reference_files_hold_to_the_contract(golden):
    check_recording(Pamap2Reader(), golden)


def test_a_recording_says_what_it_is(file):
    opened = open_recording(file, zoo_recordings())
    about = opened.recording.about
    assert opened.kind == "Recording of PAMAP2 (.dat)"
    assert (about.rate, about.units, about.subject, len(about.axes)) == (100, None, "subject107", 40)
    assert about.start == datetime(2000, 1, 1, 0, 0, 8, 380_000)
    assert about.facts["clock"] == "none; 2000-01-01 00:00:00 stands for the time stamp 0"
    unnamed = Pamap2Reader().open(file.rename(file.with_name("left.dat")))
    assert unnamed.about.subject is None


def test_samples_are_those_of_the_lines(file):
    time, x, activity, starts = read(file)
    stored = np.loadtxt(file)
    assert np.array_equal(x, channels(stored).T, equal_nan=True)
    assert time == pytest.approx(stored[:, 0] - stored[0, 0])
    assert (activity == stored[:, 1]).all()
    assert starts == [0.0]


def test_axes_name_place_sensor_and_direction():
    assert (AXES[0], AXES[1], AXES[2], AXES[15], AXES[39]) == (
        "heart rate",
        "hand temperature",
        "hand acc16 x",
        "chest acc16 x",
        "ankle mag z",
    )
    assert len(set(AXES)) == 40


DAMAGE = {
    "word": lambda cells: [*cells[:7], "1O.3", *cells[8:]],
    "short": lambda cells: cells[:53],
    "long": lambda cells: [*cells, "1"],
    "timeless": lambda cells: ["NaN", *cells[1:]],
    "late": lambda cells: ["1e9", *cells[1:]],
    "activity": lambda cells: [cells[0], "25", *cells[2:]],
    "between": lambda cells: [cells[0], "1.5", *cells[2:]],
    "infinite": lambda cells: [*cells[:20], "1e999", *cells[21:]],
    "python": lambda cells: [*cells[:20], "1_0", *cells[21:]],
    "endless": lambda cells: [*cells[:20], "1" * 5000, *cells[21:]],
}


@given(
    damage=st.dictionaries(st.integers(1, 58), st.sampled_from(sorted(DAMAGE)), max_size=8),
    lost=st.sets(st.integers(1, 58), max_size=4),
    lines=st.integers(1, 70),
)
def test_blocks_of_any_size_hold_the_sound_lines(tmp_path_factory, damage, lost, lines):
    values = table(60)
    stored = [
        " ".join(DAMAGE[damage[row]](line.split())) if row in damage else line
        for row, line in enumerate(lines_of(values))
        if row not in lost
    ]
    path = save(tmp_path_factory.mktemp("any") / "subject101.dat", stored)
    time, x, activity, starts = read(path, lines)
    left = values[[row for row in range(60) if row not in damage and row not in lost]]
    assert time + 8.38 == pytest.approx(left[:, 0])
    assert np.array_equal(x, channels(left).T, equal_nan=True)
    assert (activity == left[:, 1]).all()
    gaps = np.flatnonzero(np.diff(left[:, 0]) > 0.015) + 1
    assert starts == pytest.approx([0.0, *time[gaps]])


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("word", "'1O.3' in column 8"),
        ("short", "53 columns instead of 54"),
        ("long", "55 columns instead of 54"),
        ("timeless", "'NaN' in column 1"),
        ("late", "'1e9' in column 1"),
        ("activity", "'25' in column 2"),
        ("between", "'1.5' in column 2"),
        ("infinite", "'1e999' in column 21"),
        ("python", "'1_0' in column 21"),
        ("endless", "more than 4096 characters"),
    ],
)
def test_a_damaged_line_is_noted_and_leaves_a_gap(file, kind, words):
    lines = file.read_text().splitlines()
    lines[100] = " ".join(DAMAGE[kind](lines[100].split()))
    save(file, lines)
    check_recording(Pamap2Reader(), file)
    assert notes(file) == [f"line 101 is left out: {words}"]
    assert read(file)[3] == pytest.approx([0.0, 1.01])


def test_a_minute_has_one_note_on_damaged_lines(file):
    lines = file.read_text().splitlines()
    lines[10] = lines[20] = lines[30] = ""
    lines[10] = lines[20] = lines[250] = "1 2 3"
    save(file, lines)
    assert notes(file) == ["line 11 is left out: 3 columns instead of 54; so are 2 more up to line 251"]


@pytest.mark.parametrize("lines", [6000, 299, 1])
def test_a_last_line_that_is_cut_short_is_noted(file, lines):
    text = file.read_text()
    file.write_text(text[: text.rindex(" ", 0, -50)])
    found = [note for block in Pamap2Recording(file, lines).blocks() for note in block.notes]
    assert found == ["line 300, the last, is cut short and left out"]
    assert read(file, lines)[1].shape == (40, 299)


def test_other_line_ends_and_none_at_the_end_change_nothing(file):
    x = read(file)[1]
    for changed in (file.read_bytes().replace(b"\n", b"\r\n"), file.read_bytes()[:-1], file.read_bytes() + b"\n\n"):
        file.write_bytes(changed)
        assert notes(file) == []
        assert np.array_equal(read(file)[1], x, equal_nan=True)


@pytest.mark.parametrize("lines", [6000, 60, 1])
@pytest.mark.parametrize("time", ["8.38", "8.97", "8.98"])
def test_times_that_do_not_increase_are_refused(file, lines, time):
    """The line before, which is number 61, has 8.98 s."""
    stored = file.read_text().splitlines()
    stored[61] = " ".join([time, *stored[61].split()[1:]])
    save(file, stored)
    with pytest.raises(DataError, match=rf"line 62: expected a time after 8.98 s, .* found {time} s"):
        read(file, lines)


def test_bytes_that_are_no_text_are_refused_with_their_line(file):
    file.write_bytes(file.read_bytes() + b"9.9 \xff\n")
    with pytest.raises(DataError, match="line 301: expected text in utf-8, found the byte 0xff"):
        read(file)


def test_a_file_that_vanishes_is_refused(file):
    recording = Pamap2Reader().open(file)
    file.unlink()
    with pytest.raises(DataError, match="expected a recording of PAMAP2, found no such file"):
        next(recording.blocks())


LINE = lines_of(table(1))[0]


@pytest.mark.parametrize(
    ("first", "claimed"),
    [
        (LINE, True),
        (f"{LINE}\n{LINE[:9]}", True),
        (" ".join(f"{float(cell):.18e}" for cell in LINE.split()), True),
        (LINE.replace(" ", ","), False),
        (LINE.rpartition(" ")[0], False),
        (f"{LINE} 1", False),
        (" ".join(map(str, np.arange(54) + 0.5)), False),
        (" ".join(["-1", *LINE.split()[1:]]), False),
        (" ".join(["1700000000", *LINE.split()[1:]]), False),
        (" ".join([LINE.split()[0], "77", *LINE.split()[2:]]), False),
        (" ".join(["column"] * 54), False),
    ],
)
def test_a_file_is_recognised_by_its_first_line(first, claimed):
    assert Pamap2Reader().claims(first.encode()) == claimed


def test_recorded_activities_are_bouts(golden):
    """Of the reference files, 0 and 9 are of no class."""
    recording = Pamap2Reader().open(golden)
    activities = Activities(recording)
    survey(recording, [activities])
    rows = np.loadtxt(golden, usecols=(0, 1))
    found = activities.bouts(golden.name)
    runs = np.split(rows, np.flatnonzero(np.diff(rows[:, 1])) + 1)
    named = [run for run in runs if run[0, 1] in CLASSES]
    assert [bout.label for bout in found] == [CLASSES[int(run[0, 1])] for run in named]
    assert [bout.start for bout in found] == pytest.approx([run[0, 0] - rows[0, 0] for run in named])
    assert [bout.end for bout in found] == pytest.approx([run[-1, 0] + 0.01 - rows[0, 0] for run in named])
    assert {bout.subject for bout in found} == {golden.stem}


def test_a_time_stamp_is_the_time_after_an_arbitrary_date(file):
    """So bouts can be named by a table too."""
    recording = Pamap2Reader().open(file)
    block = next(recording.blocks())
    last = recording.about.start + timedelta(seconds=float(block.time[-1]))
    assert last == datetime(2000, 1, 1) + timedelta(seconds=11.37)
