"""`zoo recording` and `zoo windows` as a user types them."""

import json
from datetime import timedelta

import numpy as np
import pytest
from geneactiv_files import START, page, pages_at, recording


@pytest.fixture
def wrist(tmp_path, monkeypatch):
    """A recording with a gap of a minute, and a table of two bouts around it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wrist.bin").write_bytes(recording(*pages_at(*range(0, 30, 3), *range(90, 120, 3))))
    times = [START + timedelta(seconds=at) for at in (0, 14, 90.5, 120)]
    rows = [f"wrist,{times[0]},{times[1]},walk", f"wrist,{times[2]},{times[3]},sit"]
    (tmp_path / "bouts.csv").write_text("\n".join(["recording,start,end,label", *rows]) + "\n")
    return tmp_path


def test_a_recording_is_shown_with_its_gap_and_drawn(zoo, wrist):
    done = zoo("recording", "wrist.bin", "--out", "seen")
    assert done.status == 0
    assert "6,000 at 100 Hz; x, y, z in g" in done.out
    assert "60.00 s" in done.out
    assert "not calibrated: it needs 12 h of data" in done.out
    assert "20 pages are in the file, the header announces 4" in done.err
    assert sorted(file.name for file in (wrist / "seen").iterdir()) == ["recording.png", "recording.svg"]


def test_everything_is_there_as_data(zoo, wrist):
    found = zoo("recording", "wrist.bin", "--json").json
    assert [part["samples"] for part in found["parts"]] == [3000, 3000]
    assert found["parts"][1]["gap"] == 60
    assert found["facts"]["Subject Code"] == "P07"
    assert found["wear"]["unworn"] is None


def test_windows_of_bouts_are_written_and_counted(zoo, wrist):
    done = zoo("windows", "wrist.bin", "--labels", "bouts.csv", "--length", "5s", "--step", "2500ms", "--out", "w")
    assert done.status == 0, done.err
    assert "14 windows, 3 channels of 500 samples at 100 Hz, of 1 subject in w" in done.out
    x, start = np.load("w/X_train.npy"), np.load("w/start_train.npy")
    assert x.shape == (14, 3, 500)
    assert start[4] == np.datetime64(START + timedelta(seconds=90.5), "ms")
    assert json.loads((wrist / "w" / "windows.json").read_text())["recordings"][0]["subject"] == "P07"
    shown = zoo("data", "npy:w", "--set", "data.split.by=class", "--json")
    assert shown.json[0]["fingerprint"]
    again = zoo("windows", "wrist.bin", "--labels", "bouts.csv", "--length", "10s", "--out", "w")
    assert again.status == 0, again.err
    assert np.load("w/X_train.npy").shape == (3, 3, 1000)


def test_without_labels_every_hour_is_a_bout_of_one_class(zoo, wrist):
    """An hour without samples is none."""
    (wrist / "long.bin").write_bytes(recording(*pages_at(0, 3, 6, 3597, 3600, 3603, 9000, 9003)))
    done = zoo("windows", "long.bin", "--length", "3s", "--out", "w", "--json")
    assert done.status == 0, done.err
    assert [(bout["line"], bout["windows"]) for bout in done.json["bouts"]] == [
        ("hour 1", 4),
        ("hour 2", 2),
        ("hour 3", 2),
    ]
    assert done.json["classes"] == ["unlabelled"]
    assert np.load("w/y_train.npy").tolist() == [0] * 8


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--length", "5"), "invalid value for '--length': '5' is no number with ms, s, min or h, such as 5s"),
        (("--length", "-5s"), "'-5s' is no number with ms, s, min or h, such as 5s"),
        (("--length", "5.001s"), "--length: expected a whole number of samples at 100 Hz, found 500.1 in 5.001 s"),
        (("--length", "5min"), "expected a bout of at least 300 s without gaps"),
        (
            ("--length", "5s", "--labels", "gone.csv"),
            "gone.csv: expected a table of labelled bouts, found no such file",
        ),
        (("--length", "5s", "--labels", "recorded"), "expected a recording that holds its own labels"),
        (
            ("--length", "5s", "--out", "."),
            "expected a new folder, or one of `zoo windows` to replace, found bouts.csv",
        ),
    ],
)
def test_mistakes_are_one_line(zoo, wrist, arguments, words):
    done = zoo("windows", "wrist.bin", "--labels", "bouts.csv", "--out", "w", *arguments)
    assert done.status == 2
    assert words in done.err
    assert sum(not line.startswith("zoo: note:") for line in done.err.splitlines()) == 1
    assert not (wrist / "w").exists()


def test_a_damaged_file_is_refused_before_anything_is_written(zoo, wrist):
    (wrist / "wrist.bin").write_bytes(recording(page(0, START), page(1, START + timedelta(seconds=3), rate="50.0")))
    done = zoo("windows", "wrist.bin", "--labels", "bouts.csv", "--length", "5s", "--out", "w")
    assert done.status == 2
    assert "page 1: expected the rate of the header, 100 Hz, found 50 Hz" in done.err
    assert not (wrist / "w").exists()


def test_times_are_shown_in_utc_for_a_zone_and_the_offset_of_the_header_is_not_used(zoo, wrist):
    """The recording starts at 00:59:51 by its own clock, and its header says +01:00."""
    for name, header in (("wrist.bin", b"GMT +01:00"), ("other.bin", b"GMT -09:00")):
        (wrist / name).write_bytes((wrist / "wrist.bin").read_bytes().replace(b"GMT +01:00", header))
        done = zoo("recording", name, "--zone", "Asia/Kolkata")
        assert done.status == 0, done.err
        assert "2021-03-27 19:29:51.000+00:00 to 2021-03-27 19:31:51.000+00:00" in done.out
        assert "Asia/Kolkata, in which its clock was set" in done.out
    plain, zoned = (zoo("recording", "wrist.bin", "--json", *zone).json for zone in ((), ("--zone", "Asia/Kolkata")))
    assert zoned == plain | {
        "zone": "Asia/Kolkata",
        "start_utc": "2021-03-27 19:29:51.000+00:00",
        "end_utc": "2021-03-27 19:31:51.000+00:00",
    }


def test_doubtful_times_in_the_zone_are_noted(zoo, wrist):
    """The recording of 2 min starts in London 9 s before its clocks were set forward from 01:00 to 02:00."""
    noted = "wrist.bin: the clocks of Europe/London changed at 2021-03-28 01:00:00 UTC: from then on they are 1 h ahead"
    done = zoo("recording", "wrist.bin", "--zone", "Europe/London", "--json")
    assert noted in done.err
    assert any("Europe/London" in note for note in done.json["notes"])
    assert noted in zoo("windows", "wrist.bin", "--zone", "Europe/London", "--length", "5s", "--out", "w").err


def test_labels_with_offsets_need_a_zone(zoo, wrist):
    arguments = ("windows", "wrist.bin", "--labels", "utc.csv", "--length", "5s", "--out", "w")
    (wrist / "utc.csv").write_text("recording,start,end,label\nwrist,2021-03-28 00:59:51Z,2021-03-28 01:00:05Z,walk\n")
    done = zoo(*arguments)
    assert done.status == 2
    assert "utc.csv, line 2: expected a time by the device's own clock as start, found 2021-03-28 00:59:51Z" in done.err
    assert "--zone Europe/Berlin" in done.err
    done = zoo(*arguments, "--zone", "Europe/London", "--json")
    assert done.status == 0, done.err
    assert (done.json["bouts"][0]["start"], done.json["windows"]) == ("2021-03-28 00:59:51.000", 2)


@pytest.mark.parametrize("command", ["recording", "windows", "apply"])
def test_an_unknown_zone_is_refused_before_any_file_is_read(zoo, command):
    others = ("--out", "w", "--length", "5s") if command == "windows" else ("--out", "w")
    done = zoo(command, "gone", "gone.bin", *others, "--zone", "Europe/Belrin")
    assert done.status == 2
    assert done.err.count("\n") == 1
    assert done.err.endswith("found Europe/Belrin; did you mean Europe/Berlin?\n")
    words = zoo(command, "--help").out.replace("│", " ").split()
    assert "Time zone in which the device's clock was set" in " ".join(words)
