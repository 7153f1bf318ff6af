"""Recordings of PAMAP2 are read as written and prepared as published; damage is noted with its line."""

import gzip
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from zoo_pamap2 import Pamap2Reader, zoo_recordings
from zoo_pamap2.line import AXES, CLASSES
from zoo_pamap2.published import scaled, windows
from zoo_pamap2.recording import Pamap2Recording
from zoo_registry import DataError, ZooNote

from zoo.recordings.activities import Activities
from zoo.recordings.opening import open_recording
from zoo.recordings.survey import survey
from zoo.testing import check_recording

GOLDEN = Path(__file__).parents[2].parent / "shared" / "golden" / "pamap2"
NO_CHANNELS = [0, 1, *range(16, 20), *range(33, 37), *range(50, 54)]
"""Time, activity and orientations."""


def table(samples: int, seed: int = 0, activities: tuple[int, ...] = (0, 1, 24)) -> np.ndarray:
    """Values of a file `(n 54)` with one decimal; a quarter of them are missing."""
    rng = np.random.default_rng(seed)
    found = rng.integers(-500, 1500, (samples, 54)) / 10
    found[rng.random(found.shape) < 0.25] = np.nan
    found[:, 0] = np.round(8.38 + np.arange(samples) / 100, 2)
    found[:, 1] = np.repeat(activities, -(-samples // len(activities)))[:samples]
    return found


def lines_of(values: np.ndarray) -> list[str]:
    starts = [f"{time:.2f} {activity:.0f} " for time, activity in values[:, :2]]
    rest = [" ".join("NaN" if np.isnan(value) else f"{value:g}" for value in row[2:]) for row in values]
    return [start + cells for start, cells in zip(starts, rest, strict=True)]


def channels(values: np.ndarray) -> np.ndarray:
    """The channels `(t c)` of these rows; the heart rate is the last one measured."""
    found = np.delete(values, NO_CHANNELS, axis=1)
    for row in range(1, len(found)):
        if np.isnan(found[row, 0]):
            found[row, 0] = found[row - 1, 0]
    return found


def save(file: Path, lines: list[str], end: str = "\n") -> Path:
    file.write_text("\n".join(lines) + end)
    return file


@pytest.fixture
def file(tmp_path):
    return save(tmp_path / "subject107.dat", lines_of(table(300)))


@pytest.fixture(params=["subject101", "subject102"])
def golden(request, tmp_path):
    packed = GOLDEN / f"{request.param}.dat.gz"
    if not packed.exists():
        pytest.skip("../shared with the reference files is not here")
    file = tmp_path / f"{request.param}.dat"
    file.write_bytes(gzip.decompress(packed.read_bytes()))
    return file


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


@pytest.mark.parametrize("contiguous", [False, True])
def test_windows_equal_those_of_the_reference(golden, contiguous):
    expected = np.load(GOLDEN / "expected.npz")
    place = f"{golden.stem}/{'contiguous' if contiguous else 'published'}"
    found = windows(golden, contiguous)
    assert found.starts.tolist() == expected[f"{place}/start"].tolist()
    assert found.labels.tolist() == expected[f"{place}/y"].tolist()
    assert found.x[0] == pytest.approx(expected[f"{place}/first_window"], abs=1e-6)
    assert found.x.astype(float).mean(2) == pytest.approx(expected[f"{place}/window_mean"], abs=1e-6)
    assert found.x.astype(float).std(2) == pytest.approx(expected[f"{place}/window_std"], abs=1e-6)
    if golden.stem == "subject101":
        assert len(found.starts) == (4 if contiguous else 8)


@pytest.fixture(scope="module")
def long(tmp_path_factory) -> tuple[Path, np.ndarray]:
    """A file of more lines than are read at once, of bouts of any length; 40 lines are missing at line 3001."""
    values = table(7000, activities=(0, 24, 24, 1, 9, 1, 12, 12, 17, 0, 17, 4, 5, 5, 5, 5, 5))
    values = np.delete(values, np.arange(3000, 3040), axis=0)
    return save(tmp_path_factory.mktemp("long") / "subject103.dat", lines_of(values)), values


@pytest.mark.parametrize("contiguous", [False, True])
def test_windows_are_those_of_a_loop(long, contiguous):
    path, values = long
    own = values[[row for row in range(len(values)) if values[row, 1] in CLASSES]]
    third, x = own[::3], scaled(channels(own)[::3])
    labels = [list(CLASSES).index(int(number)) for number in third[:, 1]]
    starts = []
    for start in range(22, len(third) - 100, 22):
        rows = slice(start, start + 100)
        if contiguous:
            whole = np.allclose(np.diff(third[rows, 0]), 0.03) and len(set(labels[rows])) == 1
        else:
            whole = labels[start] == labels[start + 99]
        starts += [start] * whole
    found = windows(path, contiguous)
    assert found.starts.tolist() == starts
    assert found.labels.tolist() == [labels[start] for start in starts]
    assert found.x == pytest.approx(np.stack([x[start : start + 100].T for start in starts]), abs=1e-6)


def test_windows_that_leap_are_published_ones(long):
    path, _ = long
    published, contiguous = windows(path, contiguous=False), windows(path)
    kept = np.isin(published.starts, contiguous.starts)
    assert 0 < kept.sum() < len(kept)
    assert (published.x[kept] == contiguous.x).all()


def test_scaled_values_are_between_zero_and_one():
    """Above its range a channel is .99, below it 0; a missing value is 0 in its own unit."""
    x = np.full((4, 40), np.nan)
    x[:3, 0] = 202, 203, -5
    found = scaled(x)
    assert found[:3, 0].tolist() == [1, 0.99, 0]
    assert found[3, 2] == pytest.approx(114.755 / (47.6314 + 114.755))
    assert ((found >= 0) & (found <= 1)).all()


def test_windows_note_a_damaged_line_and_none_lies_over_it(tmp_path):
    lines = lines_of(table(1500, activities=(4,)))
    lines[700] = "4 2"
    path = save(tmp_path / "subject106.dat", lines)
    with pytest.warns(ZooNote, match=r"subject106.dat: line 701 is left out: 2 columns instead of 54"):
        found = windows(path)
    first = 3 * found.starts  # of its 298 rows; row 700 is the line after the damaged one
    assert len(found.starts)
    assert not ((first < 700) & (first + 297 >= 700)).any()


@pytest.mark.parametrize(("activities", "words"), [((0, 9), "expected an activity of the protocol"), ((1,), "")])
def test_a_recording_may_have_no_windows(tmp_path, activities, words):
    path = save(tmp_path / "subject104.dat", lines_of(table(300, activities=activities)))
    if words:
        with pytest.raises(DataError, match=words):
            windows(path)
    else:
        assert windows(path).x.shape == (0, 40, 100)


def test_a_time_stamp_is_the_time_after_an_arbitrary_date(file):
    """So bouts can be named by a table too."""
    recording = Pamap2Reader().open(file)
    block = next(recording.blocks())
    last = recording.about.start + timedelta(seconds=float(block.time[-1]))
    assert last == datetime(2000, 1, 1) + timedelta(seconds=11.37)
