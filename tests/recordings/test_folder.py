"""Folders of windows hold what the bouts say, account for the rest, and are the same for any order of files."""

import json
from datetime import datetime, timedelta

import numpy as np
import pytest
from made import START, MadeReader, MadeRecording
from zoo_registry import DataError, Registry, SpecError

from zoo.data import prepare
from zoo.recordings.bouts import read_bouts
from zoo.recordings.folder import write_windows
from zoo.recordings.sources import read_sources
from zoo.recordings.windows import Cut
from zoo.recordings.zone import zone_named
from zoo.specs.read import read_data

BOUTS = """recording,start,end,label,subject
b.made,2021-03-28 12:00:05,2021-03-28 12:00:31,walk,P02
a.made,2021-03-28 12:00:00,2021-03-28 12:00:20,sit,
a.made,2021-03-28 12:00:20,2021-03-28 12:00:55.250,walk,
"""


def recordings():
    """Two minutes of one device, with a gap of 10 s in the second bout, and another device at the same time."""
    rng = np.random.default_rng(3)
    time = np.delete(np.arange(1200), np.arange(300, 400)) / 10
    one = MadeRecording(time, rng.normal(size=(3, len(time))), cuts=(50, 333), device="one")
    return {"a.made": one, "b.made": MadeRecording(np.arange(600) / 10, rng.normal(size=(3, 600)), device="two")}


@pytest.fixture
def cut(tmp_path):
    def cut(out="out", names=("a.made", "b.made"), made=None, table=BOUTS, how=Cut(5, 5), zone=None):  # noqa: B008
        reader = MadeReader(tmp_path, made or recordings())
        (tmp_path / "bouts.csv").write_text(table)
        sources = read_sources(
            [tmp_path / name for name in names], [reader], True, None if zone is None else zone_named(zone)
        )
        bouts = read_bouts(tmp_path / "bouts.csv", {source.name: source.survey.span for source in sources})
        return write_windows(sources, bouts, how, tmp_path / out)

    return cut


def test_windows_are_the_samples_of_their_bouts(cut, tmp_path):
    report, made = cut(), recordings()
    x, y, subject, bout, start = (
        np.load(tmp_path / "out" / f"{name}_train.npy") for name in ("X", "y", "subject", "bout", "start")
    )
    expected = [  # recording, second of the first sample, label, subject
        *(("a.made", second, "sit", "P01") for second in (0, 5, 10, 15)),
        *(("a.made", second, "walk", "P01") for second in (20, 25, 40, 45, 50)),
        *(("b.made", second, "walk", "P02") for second in (5, 10, 15, 20, 25)),
    ]
    assert (tmp_path / "out" / "classes.txt").read_text().split() == report.classes == ["sit", "walk"]
    for row, (name, second, label, person) in enumerate(expected):
        recording = made[name]
        first = int(np.searchsorted(recording.time, second - 1e-6))
        assert np.array_equal(x[row], recording.x[:, first : first + 50].astype(np.float32))
        assert (report.classes[y[row]], subject[row]) == (label, person)
        assert start[row] == np.datetime64(START + timedelta(seconds=second), "ms")
    assert len(x) == report.windows == len(expected)
    assert len(set(bout)) == 3


def test_every_second_of_a_bout_is_accounted_for(cut):
    for how in (Cut(5, 5), Cut(4, 4, trim=1.5)):
        for bout in cut(how=how).bouts:
            whole = bout.windows * how.length + bout.trimmed + bout.unworn + bout.missing + bout.rest
            assert whole == pytest.approx(bout.seconds, abs=0.11)  # a bout may end within a sample
    (gap,) = [bout.missing for bout in cut().bouts if bout.line == "line 4"]
    assert gap == pytest.approx(10, abs=0.11)


def test_the_order_of_the_files_changes_no_byte(cut, tmp_path):
    cut("one")
    cut("two", names=("b.made", "a.made"))
    files = sorted(file.name for file in (tmp_path / "one").iterdir())
    assert files == sorted(file.name for file in (tmp_path / "two").iterdir())
    assert all((tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes() for name in files)


def test_a_zone_adds_times_in_utc_and_changes_nothing_else(cut, tmp_path):
    cut("plain")
    cut("zoned", zone="Asia/Kolkata")
    plain, zoned = ({file.name: file.read_bytes() for file in (tmp_path / out).iterdir()} for out in ("plain", "zoned"))
    stored, with_zone = (json.loads(files.pop("windows.json")) for files in (plain, zoned))
    assert plain == zoned
    for recording in with_zone["recordings"]:
        assert recording.pop("zone") == "Asia/Kolkata"
        assert recording.pop("start_utc") == "2021-03-28 06:30:00.000+00:00"
    assert stored == with_zone


def test_labels_with_offsets_give_the_windows_of_plain_ones(cut, tmp_path):
    table = BOUTS.replace("12:00:20,", "14:00:20+04:00,").replace("2021-03-28 12:00:31", "2021-03-28T10:00:31Z")
    assert table.count("+04:00") == 2
    cut("plain", zone="Europe/Berlin")
    cut("offsets", zone="Europe/Berlin", table=table)
    for file in (tmp_path / "plain").iterdir():
        assert file.read_bytes() == (tmp_path / "offsets" / file.name).read_bytes()


@pytest.mark.parametrize(
    ("start", "following", "refused", "read"),
    [
        (datetime(2021, 10, 31, 1, 30), datetime(2021, 10, 31, 3, 10), None, "Europe/Berlin"),  # set back by 1 h
        (datetime(2021, 3, 28, 1, 30), datetime(2021, 3, 28, 3, 40), "Europe/Berlin", "Etc/GMT-1"),  # never set again
    ],
)
def test_recordings_of_one_device_lie_apart_in_utc(tmp_path, start, following, refused, read):
    """Two hours and a minute of one device, around a change of summer time."""
    made = {
        name: MadeRecording(np.arange(samples) / 10, np.zeros((3, samples)), start=first)
        for name, samples, first in (("a.made", 72_000, start), ("b.made", 600, following))
    }
    paths, readers = [tmp_path / name for name in made], [MadeReader(tmp_path, made)]
    one, other = read_sources(paths, readers, True, zone_named(read))
    assert one.survey.utc(7200) < other.survey.utc(0)
    with pytest.raises(DataError, match=r"b\.made: expected a start after the end of a\.made") as error:
        read_sources(paths, readers, True, refused and zone_named(refused))
    assert f"--zone {read}" in str(error.value)


def test_a_data_set_of_it_knows_channels_rate_unit_and_moving_mean(cut, tmp_path):
    cut(how=Cut(2, 1, smooth=0.2))
    spec = read_data(f"npy:{tmp_path / 'out'}", Registry.discover(), ["data.split.by=class"])
    found = prepare(spec)
    assert (found.input.rate, found.input.units, found.input.smooth) == (10.0, "g", 0.2)
    assert found.input.channel_names == ("x", "y", "z")
    assert spec.source.model_dump()["group"] == "bout"


def test_unworn_time_has_no_windows_unless_it_is_asked_for(cut, tmp_path):
    """An hour on the table after half an hour of movement."""
    time = np.arange(0, 5400, 0.1)
    moving = np.random.default_rng(0).normal(size=(3, len(time))) * np.where(time < 1800, 0.3, 0.001)
    made = {"a.made": MadeRecording(time, moving + np.array([[0.0], [0.0], [1.0]]))}
    table = "recording,start,end,label\na,2021-03-28 12:00:00,2021-03-28 13:30:00,sit\n"
    report = cut(made=made, names=("a.made",), table=table, how=Cut(60, 60))
    assert report.bouts[0].unworn == pytest.approx(3600, abs=1)
    assert report.windows == 30
    everything = cut(made=made, names=("a.made",), table=table, how=Cut(60, 60, worn_only=False))
    assert everything.windows == 90


def test_recordings_that_do_not_belong_together_are_refused(cut):
    same = {name: MadeRecording(np.arange(600) / 10, np.zeros((3, 600))) for name in ("a.made", "b.made")}
    with pytest.raises(DataError, match=r"b\.made: expected a start after the end of a\.made, .* of the same device"):
        cut(made=same)
    fewer = recordings() | {"b.made": MadeRecording(np.arange(600) / 10, np.zeros((2, 600)), device="two")}
    with pytest.raises(DataError, match=r"b\.made: expected the axes of a\.made, x, y, z, found x, y"):
        cut(made=fewer)
    slower = recordings() | {"b.made": MadeRecording(np.arange(600) / 5, np.zeros((3, 600)), 5.0, device="two")}
    with pytest.raises(
        SpecError, match="--rate: expected recordings of one rate, or a rate for all, found 5 Hz, 10 Hz"
    ):
        cut(made=slower)
    assert cut(made=slower, how=Cut(5, 5, rate=5)).length == 25


def test_a_moving_mean_that_would_change_nothing_is_refused(cut):
    with pytest.raises(SpecError, match="--smooth: expected two samples or more, 200 ms at 10 Hz, found 100 ms"):
        cut(how=Cut(5, 5, smooth=0.1))
    assert cut(how=Cut(5, 5, smooth=0.2)).windows


def test_bouts_too_short_for_a_window_are_refused(cut):
    with pytest.raises(DataError, match="expected a bout of at least 60 s without gaps, found none"):
        cut(how=Cut(60, 60))


def test_the_report_names_every_recording_and_its_corrections(cut, tmp_path):
    cut()
    stored = json.loads((tmp_path / "out" / "windows.json").read_text())
    assert [one["file"] for one in stored["recordings"]] == ["a.made", "b.made"]
    assert stored["recordings"][0]["gaps"] == pytest.approx(10)
    assert "12 h" in stored["recordings"][0]["corrections"]["calibration"]["reason"]
