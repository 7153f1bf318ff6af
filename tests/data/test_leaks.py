"""Windows that occur in two splits are counted, whatever their stored type; constant windows are not compared."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_sets import Write, waves
from zoo_data import NpySource, TsSource
from zoo_registry import Registry, SpecError, ZooNote
from zoo_registry.data import DataSpec, SplitSpec

from zoo.cli.main import main
from zoo.data import prepare
from zoo.data.leaks import digests_of
from zoo.data.overlaps import run_length, runs_of, sharing
from zoo.runs.data import load_set


def read(folder: Path, **changes: object):
    return prepare(DataSpec(source=NpySource(path=str(folder), layout="c t", **changes.pop("source", {})), **changes))


def test_windows_are_equal_if_their_values_are():
    x = waves(5, 3, 20)
    x[1, 0, 3] = np.nan
    x[2, 0, 3] = 0
    same = x.copy()
    same[1, 0, 3:4].view(np.uint32)[:] |= 1
    same[2, 0, 3] = -0.0
    assert np.array_equal(digests_of(x), digests_of(same))
    assert np.array_equal(digests_of(x), digests_of(x.astype(">f8")))
    assert len(np.unique(digests_of(x))) == 5
    x[:, 2, 7] = np.nextafter(x[:, 2, 7], np.float32(99))
    assert not np.isin(digests_of(x), digests_of(same)).any()


def test_constant_windows_are_not_compared():
    still = np.broadcast_to(np.arange(3)[:, None], (4, 3, 20)).astype(np.float16)
    gaps = still.copy()
    gaps[:2, 0, 4:] = np.nan
    gaps[3] = np.nan
    assert not digests_of(still).any()
    assert not digests_of(gaps).any()


def test_each_leak_is_counted_in_the_split_it_reaches(write_npy: Write, monkeypatch: pytest.MonkeyPatch):
    folder = write_npy()
    clean = read(folder)
    assert clean.leaks == (0, 0, 0, 0)
    x, test = np.load(folder / "X_train.npy"), np.load(folder / "X_test.npy")
    validation, train = clean.validation.rows, clean.train.rows
    test[3:5] = x[train[0]]
    test[9] = x[validation[0]]
    x[validation[1]] = x[train[2]]
    np.save(folder / "X_test.npy", test.astype(np.float64))
    np.save(folder / "X_train.npy", x)
    monkeypatch.setattr("zoo.sources.raw._BLOCK_VALUES", 100)
    assert read(folder).leaks[:2] == (3, 1)


def test_splits_cut_by_the_zoo_are_compared_too(write_npy: Write):
    x = waves(24, 3, 20)
    x[12:] = x[:12]
    data = read(write_npy(X_train=x), source={"test": None}, split=SplitSpec(test=0.25))
    pairs = [{int(row) % 12 for row in split.rows} for split in (data.train, data.validation, data.test)]
    seen = pairs[0] | pairs[1]
    assert data.leaks.test == sum(int(row) % 12 in seen for row in data.test.rows) > 0
    assert data.leaks.validation == sum(int(row) % 12 in pairs[0] for row in data.validation.rows)


def test_a_copied_test_split_is_reported_by_data_check_and_on_loading(write_npy: Write, tmp_path, capsys):
    folder = write_npy(X_test=waves(24, 3, 20, seed=24)[::2])
    run = {
        "model": {"head": {"kind": "wrn.signal"}},
        "data": {"source": {"kind": "data.npy", "path": str(folder), "layout": "c t"}},
    }
    spec = tmp_path / "run.json"
    spec.write_text(json.dumps(run))
    for command in ("data", "check"):
        assert main([command, str(spec)]) == 0
        assert "12 of 12 test windows are also in training" in " ".join(capsys.readouterr().out.split())
    assert main(["check", str(spec), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["notes"][0].startswith("12 of 12")
    with pytest.warns(ZooNote, match="12 of 12 test windows"):
        load_set(Registry.discover().run(run))
    with warnings.catch_warnings():
        warnings.simplefilter("error", ZooNote)
        load_set(Registry.discover().run(run | {"data": {"source": {"kind": "data.aeon"}}}))


def test_training_windows_are_not_accepted_as_test_split(tmp_path):
    with pytest.raises(SpecError, match=r"data\.source\.test: expected windows that are not also in training"):
        NpySource(path=str(tmp_path), layout="c t", test="train")
    with pytest.raises(SpecError, match="'val', the training split"):
        NpySource(path=str(tmp_path), layout="c t", train="val", test="val")


def test_real_sets_leak_where_windows_are_duplicated(shared: Path):
    wrist = {"path": str(shared / "wrist_adl14"), "layout": "c t", "test": "val", "group": "trial"}
    assert prepare(DataSpec(source=NpySource(**wrist))).leaks == (0, 0, 0, 0)
    # Libras is known to contain duplicate windows.
    found = {name: prepare(DataSpec(source=TsSource(path=str(shared / "uea" / name))))
             for name in ("ERing", "Epilepsy", "Libras")}  # fmt: skip
    assert {name: data.leaks.test for name, data in found.items()} == {"ERing": 0, "Epilepsy": 0, "Libras": 19}


def windows_of(recording: np.ndarray, length: int, hop: int) -> np.ndarray:
    """Windows `(n c t)` of a recording `(c t)`, each ``hop`` samples after the one before."""
    starts = range(0, recording.shape[1] - length + 1, hop)
    return np.stack([recording[:, start : start + length] for start in starts]).astype(np.float32)


@settings(deadline=None, max_examples=30)
@given(length=st.integers(64, 600), share=st.floats(0.5, 0.9), seed=st.integers(0, 9))
def test_only_windows_that_share_half_their_samples_are_found(length: int, share: float, seed: int):
    random = np.random.default_rng(seed)
    hop = max(1, int(length * (1 - share)))
    windows = windows_of(random.normal(size=(2, 40 * length)), length, hop)
    drawn = random.permutation(len(windows))
    train, test = np.sort(drawn[::2]), np.sort(drawn[1::2])
    kept = [runs_of(windows[rows], run_length(length)) for rows in (train, test)]
    near = np.abs(train[None] - test[:, None]).min(1) * hop
    every = [np.arange(len(hashes)) for hashes in kept]
    found = sharing(kept[1], every[1], kept[0], every[0])
    assert found[near <= length // 2].mean() > 0.9
    assert not found[near >= length].any()


def test_runs_do_not_depend_on_other_windows_or_on_position():
    windows = waves(20, 3, 40)
    whole = runs_of(windows, 16)
    assert np.array_equal(whole, np.concatenate([runs_of(windows[row : row + 1], 16) for row in range(20)]))
    short = windows[:, :, 3:30]  # 12 runs, all of which are kept
    kept = np.sort(runs_of(short, 16))
    every = [{int(runs_of(window[None, :, at : at + 16], 16).min()) for at in range(12)} for window in short]
    assert [set(map(int, row)) for row in kept] == every


def test_a_device_that_lies_still_overlaps_with_nothing():
    still = np.repeat(waves(4, 2, 4), 16, axis=2)  # changes once in 16 samples
    kept, rows = runs_of(still, 16), np.arange(4)
    assert not sharing(kept, rows, kept, rows).any()


def test_overlaps_of_splits_are_counted_reported_and_found(write_npy: Write, tmp_path, capsys):
    recording = waves(1, 3, 40 * 21)[0]
    windows = windows_of(recording, 40, 20)
    folder = write_npy(X_train=windows[:24], X_test=windows[23:35])  # the first test window is also in training
    data = read(folder)
    assert data.leaks.test == 1
    assert data.leaks.test_overlaps == 1
    assert data.leaks.validation_overlaps > 0
    spec = {"source": {"kind": "data.npy", "path": str(folder), "layout": "c t"}}
    (tmp_path / "data.json").write_text(json.dumps(spec))
    assert main(["data", str(tmp_path / "data.json")]) == 0
    sentence = "1 of 12 test windows overlap windows of an earlier split"
    assert sentence in capsys.readouterr().out
    run = {"model": {"head": {"kind": "wrn.signal"}}, "data": spec, "name": "leaky"}
    (tmp_path / "run.json").write_text(json.dumps(run))
    assert main(["check", str(tmp_path / "run.json")]) == 0
    assert sentence in capsys.readouterr().out
    with pytest.warns(ZooNote, match=sentence):
        load_set(Registry.discover().run(run))
