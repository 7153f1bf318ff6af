"""Properties of a prepared data set: statistics of training alone, a fingerprint of everything, lazy windows."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from toy_sets import Write, waves
from zoo_data import NpySource
from zoo_registry import DataError
from zoo_registry.data import DataSpec, LengthSpec, SplitSpec

from zoo.data import Split, prepare
from zoo.data.glance import glance
from zoo.data.statistics import channel_statistics


def spec_of(folder: Path, **changes: object) -> DataSpec:
    return DataSpec(source=NpySource(path=str(folder), layout="c t"), **changes)


def test_statistics_are_those_of_the_training_split(write_npy: Write) -> None:
    folder = write_npy()
    data = prepare(spec_of(folder))
    x = np.load(folder / "X_train.npy")[data.train.rows].astype(np.float64)
    np.testing.assert_allclose(data.mean, x.mean((0, 2)), rtol=1e-12)
    np.testing.assert_allclose(data.std, x.std((0, 2)), rtol=1e-12)


@pytest.mark.parametrize("masked", [False, True])
def test_statistics_survive_a_large_offset_and_many_blocks(masked: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoo.sources.raw._BLOCK_VALUES", 100)
    offset = np.array([[4000], [-8]])
    x = (offset + np.random.default_rng(0).normal(size=(40, 2, 25))).astype(np.float32)
    if masked:
        x[np.random.default_rng(1).random(x.shape) < 0.3] = np.nan
    split = Split("train", x, np.arange(0, 40, 2), None, masked, np.zeros(20, dtype=np.int64))
    mean, std = channel_statistics(split)
    seen = x[::2].astype(np.float64)
    np.testing.assert_allclose(mean, np.nanmean(seen, (0, 2)), rtol=1e-10)
    np.testing.assert_allclose(std, np.nanstd(seen, (0, 2)), rtol=1e-10)


def test_what_another_process_has_read_is_not_read_again(write_npy: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    spec, results = spec_of(write_npy()), []

    def first(work):
        results.append(work())
        return results[-1]

    def second(work):
        return results.pop(0)

    def unread(*_: object) -> None:
        raise AssertionError("every window is read")

    here = prepare(spec, first)
    for owner in ("zoo.sources.raw.RawSplit", "zoo.data.split.Split"):
        monkeypatch.setattr(f"{owner}.blocks", unread)
    there = prepare(spec, second)
    assert (there.fingerprint, there.mean.tolist()) == (here.fingerprint, here.mean.tolist())


def test_unobserved_samples_affect_no_statistic(write_npy: Write) -> None:
    long = prepare(spec_of(write_npy(), length=LengthSpec(to=50, method="pad")))
    plain = prepare(spec_of(write_npy()))
    np.testing.assert_allclose(long.mean, plain.mean, rtol=1e-12)
    np.testing.assert_allclose(long.std, plain.std, rtol=1e-12)


def test_blocks_are_all_windows_in_order(write_npy: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoo.sources.raw._BLOCK_VALUES", 200)
    train = prepare(spec_of(write_npy())).train
    blocks = [x for x, _ in train.blocks()]
    assert len(blocks) > 2
    np.testing.assert_array_equal(np.concatenate(blocks), train.read(slice(None)).x)


@pytest.mark.parametrize("method", ["interpolate", "pad", "crop"])
def test_the_length_step_works_on_windows_that_stay_on_disk(write_npy: Write, method: str) -> None:
    to = 8 if method == "crop" else 33
    data = prepare(spec_of(write_npy(), length=LengthSpec(to=to, method=method)))
    assert data.train.source.shape == (24, 3, 20)
    assert data.train.shape == (len(data.train), 3, to)
    x, mask = data.train.read(slice(0, 5))
    assert x.shape == (5, 3, to)
    assert x.flags.c_contiguous
    assert (mask is not None) == (method == "pad")


def test_preparing_never_holds_all_windows_in_memory(write_npy: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoo.sources.raw._BLOCK_VALUES", 30_000)
    x = np.tile(waves(60, 3, 100), (100, 1, 1)).astype(np.float16)
    folder = write_npy(X_train=x, y_train=np.arange(6000) % 3, X_test=x[:60], y_test=np.arange(60) % 3)
    spec = spec_of(folder, length=LengthSpec(to=200))
    prepare(spec)  # imports are not measured
    tracemalloc.start()
    prepare(spec)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < x.nbytes / 2


def test_equal_data_have_equal_fingerprints_wherever_they_are_stored(write_npy: Write, tmp_path: Path) -> None:
    once = prepare(spec_of(write_npy())).fingerprint
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for path in tmp_path.glob("*.npy"):
        path.rename(moved / path.name)
    assert prepare(spec_of(moved)).fingerprint == once


@pytest.mark.parametrize("kind", ["<f2", ">f4", "<f8", ">f8", "<i2"])
def test_equal_values_have_equal_fingerprints_in_every_number_type(write_npy: Write, kind: str) -> None:
    x = {f"X_{split}": np.round(waves(n, 3, 20, seed=n) * 8) + 0.0 for split, n in (("train", 24), ("test", 12))}
    once = prepare(spec_of(write_npy(**{name: values.astype("<f4") for name, values in x.items()})))
    again = prepare(spec_of(write_npy(**{name: values.astype(kind) for name, values in x.items()})))
    assert again.fingerprint == once.fingerprint == once.stored_fingerprint
    assert again.stored_fingerprint != once.stored_fingerprint


@pytest.mark.parametrize("split", ["train", "test"])
def test_one_value_changes_the_fingerprint(write_npy: Write, split: str) -> None:
    n = 24 if split == "train" else 12
    once = prepare(spec_of(write_npy())).fingerprint
    x = waves(n, 3, 20, seed=n)
    x[7, 1, 13] = np.nextafter(x[7, 1, 13], np.float32(9))
    assert prepare(spec_of(write_npy(**{f"X_{split}": x}))).fingerprint != once


@pytest.mark.parametrize("split", ["train", "test"])
def test_one_label_changes_the_fingerprint(write_npy: Write, split: str) -> None:
    once = prepare(spec_of(write_npy())).fingerprint
    y = np.arange(24 if split == "train" else 12) // 2 % 3
    y[4] = (y[4] + 1) % 3
    assert prepare(spec_of(write_npy(**{f"y_{split}": y}))).fingerprint != once


def test_split_seed_share_step_and_gaps_change_the_fingerprint(write_npy: Write) -> None:
    folder = write_npy()
    specs = [
        spec_of(folder),
        spec_of(folder, split=SplitSpec(seed=1)),
        spec_of(folder, split=SplitSpec(validation=0.4)),
        spec_of(folder, length=LengthSpec(to=20)),
        spec_of(folder, length=LengthSpec(to=20, method="crop")),
        spec_of(folder, length=LengthSpec(to=21)),
        spec_of(folder, missing="mask"),
    ]
    prints = [prepare(spec).fingerprint for spec in specs]
    assert len(set(prints)) == len(prints)
    assert [prepare(spec).fingerprint for spec in specs] == prints


def test_a_second_test_split_is_refused(write_npy: Write) -> None:
    with pytest.raises(DataError, match=r"no data\.split\.test"):
        prepare(spec_of(write_npy(), split=SplitSpec(test=0.2)))


def test_a_window_without_any_observed_sample_is_refused(write_npy: Write) -> None:
    x = waves(12, 3, 20)
    x[5] = np.nan
    for read in (prepare, glance):
        with pytest.raises(DataError, match=r"X_test\.npy, window 5: expected at least one observed sample"):
            read(spec_of(write_npy(X_test=x), missing="mask"))
    x[5, 0, 0] = 1
    assert len(prepare(spec_of(write_npy(X_test=x), missing="mask")).test) == 12
    with pytest.raises(DataError, match=r"X_test\.npy, window 5: .* after the length step"):
        prepare(spec_of(write_npy(X_test=x), missing="mask", length=LengthSpec(to=10, method="crop")))


def test_a_channel_never_observed_in_training_is_refused(write_npy: Write) -> None:
    x = waves(24, 3, 20)
    x[:, 2] = np.nan
    with pytest.raises(DataError, match="none in channel 2"):
        prepare(spec_of(write_npy(X_train=x), missing="mask"))
