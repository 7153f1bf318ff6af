"""`zoo apply` on the command line: its folder, and what it refuses."""

import csv
import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from laid import RATE, SECONDS, laid
from made import MadeRecording

import zoo as python

CLASSES = ["slow", "fast", "faster"]


def lines(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_folder_holds_every_window_minutes_bouts_and_pictures(home, x, record, zoo, tmp_path):
    (path,) = record(one=laid(x))
    found = list(python.apply(home / "signal", path))
    status, out, err = zoo("apply", home / "signal", path, "--out", tmp_path / "out")
    assert (status, err) == (0, "")
    assert "12 windows of 4 s every 4 s" in out
    table = lines(tmp_path / "out/predictions.csv")
    assert [row["label"] for row in table] == [window.label for window in found]
    assert [float(row["probability"]) for row in table] == pytest.approx([w.probability for w in found], rel=1e-5)
    assert [row["start"] for row in table][:2] == ["2021-03-28 12:00:00.000", "2021-03-28 12:00:04.000"]
    columns = ("recording", "worn", "unsure", "enmo", "angle_z")
    assert {tuple(row[name] for name in columns) for row in table} == {("one.made", "true", "false", "", "")}
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    assert summary["classes"] == CLASSES
    (day,) = summary["recordings"][0]["days"]
    counts = {name: sum(window.label == name for window in found) * SECONDS / 60 for name in CLASSES}
    assert day["minutes"] == pytest.approx(counts, abs=1e-3)
    bouts = summary["recordings"][0]["bouts"]
    assert [bout["label"] for bout in bouts] == [
        w.label for i, w in enumerate(found) if not i or found[i - 1].label != w.label
    ]
    assert (bouts[0]["start"], bouts[-1]["end"]) == ("2021-03-28 12:00:00.000", "2021-03-28 12:00:48.000")
    assert (tmp_path / "out/day.png").read_bytes().startswith(b"\x89PNG")
    assert max(counts, key=counts.__getitem__) in (tmp_path / "out/day.svg").read_text()
    assert not (tmp_path / "out/codes.npz").exists()


def test_parquet_has_the_same_rows(home, x, record, zoo, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    made = laid(x)
    made.x[:, 40:80] = np.nan  # a window without samples
    assert zoo("apply", home / "signal", *record(one=made), "--out", tmp_path / "out", "--unsure", "0.5")[0] == 0
    table = parquet.read_table(tmp_path / "out/predictions.parquet").to_pylist()
    assert len(table) == 11
    for row, text in zip(table, lines(tmp_path / "out/predictions.csv"), strict=True):
        assert list(row) == list(text)
        assert row["label"] == text["label"]
        assert row["start"].isoformat(" ", "milliseconds") == text["start"]
        assert row["probability"] == pytest.approx(float(text["probability"]), rel=1e-5)
        assert (row["worn"], row["unsure"], row["enmo"]) == (text["worn"] == "true", text["unsure"] == "true", None)


PLAIN = ["recording", "start", "end", "label", "probability", "entropy", "worn", "unsure", "enmo", "angle_z"]


def test_a_zone_adds_columns_in_utc_and_changes_nothing_else(home, x, record, zoo, tmp_path):
    """Clocks in Berlin were set forward in the night before, so its noon is 10:00 UTC."""
    (path,) = record(one=laid(x))
    for out, zone in (("plain", ()), ("zoned", ("--zone", "Europe/Berlin"))):
        assert zoo("apply", home / "signal", path, "--out", tmp_path / out, *zone)[0] == 0
    plain, zoned = (lines(tmp_path / out / "predictions.csv") for out in ("plain", "zoned"))
    assert list(plain[0]) == PLAIN
    assert list(zoned[0]) == [*PLAIN, "start_utc", "end_utc"]
    assert zoned[0]["start_utc"] == "2021-03-28 10:00:00.000+00:00"
    summary = json.loads((tmp_path / "zoned/summary.json").read_text())
    origin = summary["recordings"][0]["recording"]
    assert (origin.pop("zone"), origin.pop("start_utc")) == ("Europe/Berlin", "2021-03-28 10:00:00.000+00:00")
    assert summary == json.loads((tmp_path / "plain/summary.json").read_text())
    assert (tmp_path / "zoned/day.png").read_bytes() == (tmp_path / "plain/day.png").read_bytes()
    found = list(python.apply(home / "signal", path, zone="Europe/Berlin"))
    first, second = (datetime(2021, 3, 28, 10, tzinfo=UTC) + timedelta(seconds=SECONDS * after) for after in (0, 1))
    assert (found[0].start_utc, found[0].end_utc, found[1].start_utc) == (first, second, second)
    for row, without, window in zip(zoned, plain, found, strict=True):
        assert datetime.fromisoformat(row.pop("start_utc")) == window.start_utc
        assert datetime.fromisoformat(row.pop("end_utc")) == window.end_utc
        assert row == without
        assert window.start_utc.utcoffset() == timedelta()
    assert {(w.start_utc, w.end_utc) for w in python.apply(home / "signal", path)} == {(None, None)}


def test_parquet_knows_that_columns_are_in_utc(home, x, record, zoo, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    arguments = ("apply", home / "signal", *record(one=laid(x)), "--out", tmp_path / "out")
    assert zoo(*arguments)[0] == 0
    assert parquet.read_schema(tmp_path / "out/predictions.parquet").names == PLAIN
    assert zoo(*arguments, "--zone", "Europe/Berlin")[0] == 0
    table = parquet.read_table(tmp_path / "out/predictions.parquet").to_pylist()
    for row, text in zip(table, lines(tmp_path / "out/predictions.csv"), strict=True):
        assert list(row) == list(text)
        assert row["start_utc"] == datetime.fromisoformat(text["start_utc"])
        assert row["start"] == datetime.fromisoformat(text["start"])


def test_without_pyarrow_there_is_no_parquet_file(home, x, record, zoo, tmp_path, monkeypatch):
    monkeypatch.setattr("zoo.applied.tables.find_spec", lambda name: None)
    assert zoo("apply", home / "signal", *record(one=laid(x)), "--out", tmp_path / "out")[0] == 0
    assert {file.name for file in (tmp_path / "out").iterdir()} == {
        "predictions.csv", "summary.json", "day.png", "day.svg"
    }  # fmt: skip


@pytest.mark.parametrize("name", ["tokens", "codes"])
def test_two_recordings_in_one_folder_with_their_codes(home, x, record, zoo, tmp_path, name):
    first = laid(x[:7], device="one")
    time = np.delete(first.time, slice(100, 130))
    gapped = MadeRecording(time, np.delete(first.x, slice(100, 130), 1), rate=RATE, device="two")
    paths = record(b=gapped, a=laid(x, device="three"))
    status, _, err = zoo("apply", home / name, *paths, "--out", tmp_path / "out")
    assert (status, err) == (0, "")
    table = lines(tmp_path / "out/predictions.csv")
    assert [row["recording"] for row in table] == ["a.made"] * 12 + ["b.made"] * 5
    with np.load(tmp_path / "out/codes.npz") as codes:
        assert codes["recording"].tolist() == [row["recording"] for row in table]
        assert codes["k"] == 6
        assert codes["classes"].tolist() == (CLASSES if name == "tokens" else [])
        expected = [window.codes for path in sorted(paths) for window in python.apply(home / name, path)]
        assert np.array_equal(codes["codes"], np.stack(expected))
        starts = np.array([row["start"] for row in table], "datetime64[ms]")
        assert np.array_equal(codes["start"], starts)
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    assert [each["windows"] for each in summary["recordings"]] == [12, 5]
    assert summary["recordings"][1]["days"][0]["gaps"] == pytest.approx(3 / 60, abs=1e-3)
    assert {file.name for file in (tmp_path / "out").glob("day*")} == {
        "day-a.made.png", "day-a.made.svg", "day-b.made.png", "day-b.made.svg"
    }  # fmt: skip


def test_a_recording_without_a_whole_window_is_noted(home, x, record, zoo, tmp_path):
    paths = record(one=laid(x[:1, :, :39]))
    for name in ("signal", "tokens"):
        status, _, err = zoo("apply", home / name, *paths, "--out", tmp_path / "out")
        assert status == 0
        assert "one.made: no part without a gap holds a window" in err
        assert lines(tmp_path / "out/predictions.csv") == []
        summary = json.loads((tmp_path / "out/summary.json").read_text())
        assert summary["recordings"][0]["days"][0]["rest"] == pytest.approx(3.9 / 60, abs=1e-3)


@pytest.mark.parametrize("bundle", ["signal", "signal/bundle", "tokens"])
def test_windows_unlike_the_training_data_are_noted_with_their_share(home, x, record, zoo, tmp_path, bundle):
    shifted = laid(x)
    shifted.x[:, 120:240] += 40
    status, out, err = zoo("apply", home / bundle, *record(one=shifted), "--out", tmp_path / "out", "--json")
    assert status == 0
    assert "25 % of worn windows are unlike the training data" in err
    assert err.count("\n") == 1
    assert json.loads(out)["recordings"][0]["outside"] == 0.25


def test_a_bundle_that_holds_no_statistics_cannot_tell(home, x, record, zoo, tmp_path):
    out = zoo("apply", home / "tokens/bundle", *record(one=laid(x)), "--out", tmp_path / "out", "--json")[1]
    assert json.loads(out)["recordings"][0]["outside"] is None


@pytest.fixture
def changed(home, tmp_path):
    """A copy of the bundle of a run, with other facts of its input."""

    def changed(name="signal", **facts):
        folder = tmp_path / "changed"
        shutil.copytree(home / name / "bundle", folder)
        manifest = json.loads((folder / "spec.json").read_text())
        manifest["model"]["input"] |= facts
        del manifest["manifest_sha256"]
        (folder / "spec.json").write_text(json.dumps(manifest))
        return folder

    return changed


@pytest.mark.parametrize(
    ("facts", "options", "words"),
    [
        ({"rate": None}, [], "expected a model that says the rate of its windows, found none; add --rate"),
        ({"rate": 12.5}, [], "one.made: expected 12.5 Hz, as {bundle} reads, found 10 Hz; add --resample"),
        ({}, ["--rate", "20"], "--rate: expected 10 Hz, as {bundle} says, found 20"),
        ({"units": "m/s²"}, [], "one.made: expected values in m/s², as {bundle} reads, found g"),
        ({"channel_names": ["a", "b"]}, [], "one.made: expected the axes a, b, as {bundle} reads, found x, y"),
        ({}, ["--step", "250ms"], "--step: expected a whole number of samples at 10 Hz, found 2.5; use --step 0.2s"),
        ({}, ["--step", "8s"], "--step: expected at most the 4 s of a window, found 8 s"),
        ({}, ["--step", "8"], "invalid value for '--step': '8' is no number with ms, s, min or h"),
        ({}, ["--unsure", "1.5"], "invalid value for '--unsure': Input should be less than or equal to 1"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused_in_one_line(changed, x, record, zoo, tmp_path, facts, options, words):
    bundle = changed(**facts)
    status, out, err = zoo("apply", bundle, *record(one=laid(x)), "--out", tmp_path / "out", *options)
    assert (status, out, err.count("\n")) == (2, "", 1), err
    assert words.format(bundle=bundle) in err
    assert not (tmp_path / "out").exists()


def test_a_model_without_a_rate_takes_the_one_that_is_given(changed, x, record, zoo, tmp_path):
    bundle = changed(rate=None, units=None, channel_names=None)
    status, _, err = zoo("apply", bundle, *record(one=laid(x)), "--out", tmp_path / "out", "--rate", "10")
    assert status == 0
    assert [line.partition(" does not say ")[2].partition(":")[0] for line in err.splitlines()] == [
        "which axes it reads", "its units"
    ]  # fmt: skip
    assert len(lines(tmp_path / "out/predictions.csv")) == 12


def test_other_axes_or_kinds_of_files_are_refused(home, x, record, zoo, tmp_path):
    three = MadeRecording(np.arange(400) / RATE, np.zeros((3, 400)), rate=RATE)
    status, _, err = zoo("apply", home / "signal", *record(one=three), "--out", tmp_path / "out")
    assert (status, err.count("\n")) == (2, 1)
    assert "expected 2 axes, as" in err
    (tmp_path / "other.bin").write_bytes(b"other")
    status, _, err = zoo("apply", home / "signal", tmp_path / "other.bin", "--out", tmp_path / "out")
    assert (status, err.count("\n")) == (2, 1)
    assert "expected a recording (.made), found a file that starts with 'other'" in err


def test_a_model_with_neither_head_nor_codebook_is_refused(x, record, zoo, tmp_path):
    given = {"channels": 2, "length": 40, "rate": RATE, "units": "g"}
    model = python.build({"input": given, "encoder": {"kind": "conv.encoder", "dim": 8}})
    python.save(model, tmp_path / "bundle")
    status, _, err = zoo("apply", tmp_path / "bundle", *record(one=laid(x)), "--out", tmp_path / "out")
    assert (status, err.count("\n")) == (2, 1)
    assert "expected a model with a head or a codebook, found neither" in err


def test_a_model_that_diverged_is_refused_with_the_time_of_the_window(home, x, record, zoo, tmp_path):
    model = python.load(home / "signal")
    for weight in model.head.parameters():
        weight.data.fill_(float("nan"))
    python.save(model, tmp_path / "bundle")
    status, _, err = zoo("apply", tmp_path / "bundle", *record(one=laid(x)), "--out", tmp_path / "out")
    assert (status, err.count("\n")) == (2, 1)
    assert "one.made, 2021-03-28 12:00:00: expected finite logits" in err
    assert not (tmp_path / "out").exists()


def test_only_a_folder_of_its_own_is_replaced(home, x, record, zoo, tmp_path):
    paths, out = record(one=laid(x)), tmp_path / "out"
    for _ in range(2):
        assert zoo("apply", home / "signal", *paths, "--out", out)[0] == 0
    (out / "notes.txt").write_text("mine")
    status, _, err = zoo("apply", home / "signal", *paths, "--out", out)
    assert (status, err.count("\n")) == (2, 1)
    assert "found notes.txt in" in err
    (tmp_path / "file").touch()
    status, _, err = zoo("apply", home / "signal", *paths, "--out", tmp_path / "file")
    assert (status, err.count("\n")) == (2, 1)


def test_an_interrupted_command_leaves_the_older_folder(home, x, record, zoo, tmp_path, monkeypatch):
    paths, out = record(one=laid(x)), tmp_path / "out"
    assert zoo("apply", home / "tokens", *paths, "--out", out)[0] == 0
    before = {file.name: file.read_bytes() for file in out.iterdir()}
    monkeypatch.setattr("zoo.applied.picture.day_picture", stopped)
    assert zoo("apply", home / "tokens", *paths, "--out", out, "--unsure", "0.9")[0] == 130
    assert {file.name: file.read_bytes() for file in out.iterdir()} == before
    assert zoo("apply", home / "tokens", *paths, "--out", tmp_path / "new")[0] == 130
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.made", "out"]


def stopped(*_: object) -> None:
    raise KeyboardInterrupt
