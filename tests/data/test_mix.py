"""Several sets as one of single channels: values, shares, splits and gaps, on the sets that come with aeon."""

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from zoo_data import BundledSource, MixSource, NpySource
from zoo_registry import DataError, Registry, SpecError, ZooError, ZooNote

from zoo.data import DataSet, input_of, prepare
from zoo.sources import RawSet

NAMES = ("basic_motions", "arrow_head", "gunpoint", "italy_power_demand", "japanese_vowels")
FIVE = [{"kind": "data.aeon", "name": name} for name in NAMES]
LENGTH = 40
REGISTRY = Registry.discover()


def mixed(**fields: Any) -> DataSet:
    return prepare(REGISTRY.data({"source": {"kind": "data.mix", **fields}}))


@pytest.fixture(scope="module")
def raws() -> list[RawSet]:
    return [BundledSource(name=name).read() for name in NAMES]  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def five() -> DataSet:
    return mixed(sources=FIVE, length=LENGTH)


def origins(data: DataSet, split: str) -> np.ndarray:
    """Set, window and channel of every window of a split `(n 3)`."""
    found = getattr(data, split)
    x = found.source
    return np.stack([x.part[found.rows], x.row[found.rows], x.channel[found.rows]], axis=1)


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_a_window_is_a_channel_of_a_set_resampled_and_scaled_by_its_training_split(five, raws, split):
    where, found = origins(five, split), getattr(five, split)
    for row in np.random.default_rng(0).integers(len(found), size=200):
        number, window, channel = where[row]
        raw = raws[number]
        stored = (raw.test if split == "test" else raw.train).x[window][channel]
        learned = np.concatenate([series[channel] for series in raw.train.x])
        expected = np.interp(np.linspace(0, len(stored) - 1, LENGTH), np.arange(len(stored)), stored)
        expected = (expected - learned.mean()) / learned.std()
        np.testing.assert_allclose(found.read(np.array([row])).x[0, 0], expected, atol=2e-4)


def test_every_channel_of_every_window_is_there_in_train_or_validation_and_once_in_test(five, raws):
    learned = {tuple(row) for split in ("train", "validation") for row in origins(five, split)}
    expected = {
        (n, w, c) for n, raw in enumerate(raws) for w in range(len(raw.train)) for c in range(raw.train.channels)
    }
    assert learned == expected
    judged = [tuple(row) for row in origins(five, "test")]
    assert len(judged) == len(set(judged)) == sum(len(raw.test) * raw.train.channels for raw in raws)
    assert five.classes == ("unlabelled",)
    assert (five.input.channels, five.input.length, five.input.classes) == (1, LENGTH, None)


def test_channels_of_a_window_never_fall_on_both_sides(five):
    sides = [{tuple(row[:2]) for row in origins(five, split)} for split in ("train", "validation")]
    assert not sides[0] & sides[1]
    assert len(sides[1]) == pytest.approx(0.2 * len(sides[0] | sides[1]), rel=0.05)


@pytest.mark.parametrize(
    ("fields", "weights"),
    [({}, (1, 1, 1, 1, 1)), ({"power": 0.0}, (1, 1, 1, 1, 1)), ({"weights": {"gunpoint": 3}}, (1, 1, 3, 1, 1))],
)
def test_shares_are_weight_times_a_power_of_size_and_no_series_is_missing(raws, fields, weights):
    repeats = MixSource(sources=five_sources(), length=LENGTH, **fields).read().train.repeats
    sizes = np.array([len(raw.train) * raw.train.channels for raw in raws])
    ends = np.cumsum(sizes)
    counts = np.array([part.sum() for part in np.split(repeats, ends[:-1])])
    expected = np.array(weights) * sizes ** fields.get("power", 0.5)
    np.testing.assert_allclose(counts / counts.sum(), expected / expected.sum(), atol=1 / counts.sum())
    assert repeats.min() == 1
    assert all(np.ptp(part) <= 1 for part in np.split(repeats, ends[:-1]))


def five_sources() -> tuple[BundledSource, ...]:
    return tuple(BundledSource(name=name) for name in NAMES)  # type: ignore[arg-type]


def test_an_epoch_of_a_stated_size_draws_from_the_larger_sets():
    repeats = MixSource(sources=five_sources(), length=LENGTH, windows=1000).read().train.repeats
    assert repeats.sum() == pytest.approx(1000, abs=3)
    assert repeats[-3240:].max() == 1
    assert repeats[-3240:].min() == 0
    found = mixed(sources=FIVE, length=LENGTH, windows=1000)
    assert 700 < len(found.train) < 900
    assert len(np.unique(found.train.rows)) < len(found.train)


def test_sets_of_their_own_size_are_not_repeated():
    assert (MixSource(sources=five_sources(), power=1.0).read().train.repeats == 1).all()


def test_the_seed_decides_what_is_drawn_and_nothing_else_does(five):
    again = mixed(sources=FIVE, length=LENGTH)
    other = mixed(sources=FIVE, length=LENGTH, seed=1)
    assert again.fingerprint == five.fingerprint != other.fingerprint
    np.testing.assert_array_equal(again.train.rows, five.train.rows)
    np.testing.assert_array_equal(np.unique(other.train.rows), np.unique(five.train.rows))


def test_without_scaling_values_are_those_of_the_files(raws):
    x = MixSource(sources=(BundledSource(),), length=100, scale="none").read().train.x
    np.testing.assert_array_equal(x[:], raws[0].train.x.reshape(-1, 1, 100).astype(np.float32))


def test_windows_are_read_like_those_of_an_array():
    x = MixSource(sources=five_sources(), length=LENGTH).read().train.x
    whole = x[:]
    assert (len(x), x.shape, x.size) == (len(whole), whole.shape, whole.size)
    rows = np.array([3000, 5, 5, 700])
    np.testing.assert_array_equal(x[rows], whole[rows])
    np.testing.assert_array_equal(x[-2], whole[-2])
    np.testing.assert_array_equal(x[10:30:7], whole[10:30:7])
    np.testing.assert_array_equal(np.stack(list(x[:50])), whole[:50])
    with pytest.raises(IndexError):
        x[len(x)]


Saved = Callable[..., Path]


@pytest.fixture
def saved(tmp_path: Path) -> Saved:
    """Writes windows `(n c t)` as a set of `data.npy`, with a sampling rate or other columns if they are given."""

    def save(name: str, x: np.ndarray, rate: float | None = None, **columns: np.ndarray) -> Path:
        folder = tmp_path / "sets" / name
        folder.mkdir(parents=True)
        for split in ("train", "test"):
            np.save(folder / f"X_{split}.npy", x)
            np.save(folder / f"y_{split}.npy", np.zeros(len(x), np.int64))
            for column, values in columns.items():
                np.save(folder / f"{column}_{split}.npy", values)
        if rate is not None:
            about = {"channels": [f"c{n}" for n in range(x.shape[1])], "rate": rate, "units": "g"}
            (folder / "windows.json").write_text(json.dumps(about))
        return folder

    return save


def waves(windows: int, channels: int, samples: int) -> np.ndarray:
    return np.random.default_rng(windows).normal(size=(windows, channels, samples)).cumsum(-1).astype(np.float32)


def test_a_folder_of_sets_is_read_but_for_those_left_out(saved, tmp_path):
    for name in ("b", "a", "c"):
        saved(name, waves({"a": 5, "b": 6, "c": 7}[name], 2, 30))
    (tmp_path / "sets" / "notes").mkdir()
    folder = str(tmp_path / "sets")
    with pytest.warns(ZooNote, match="no set in notes; nothing is read there"):
        found = MixSource(path=folder, leave_out=("b",), sources=(BundledSource(),), length=20).read()
    assert [len(part.split) for part in found.train.x.parts] == [5, 7, 40]
    with pytest.raises(SpecError, match=r"leave_out: expected a subfolder of .*; did you mean 'notes'\?"):
        MixSource(path=folder, leave_out=("note",)).peek()


def test_an_unobserved_channel_is_left_out_and_gaps_are_masked(saved):
    x = waves(30, 2, 32)
    x[3, 1], x[4, 0, 10:12] = np.nan, np.nan
    source = {"kind": "data.npy", "path": str(saved("gaps", x)), "layout": "c t"}
    data = prepare(
        REGISTRY.data({"source": {"kind": "data.mix", "sources": [source], "length": 32}, "missing": "mask"})
    )
    where = np.concatenate([origins(data, "train"), origins(data, "validation")])
    assert len(np.unique(where, axis=0)) == 59
    assert (3, 1) not in {tuple(row[1:]) for row in where}
    masks = [split.read(slice(None)).mask for split in (data.train, data.validation)]
    assert (~np.concatenate(masks)).sum() == 2
    with pytest.raises(DataError, match=r"X_train\.npy, window 4, channel 0: expected observed values, found NaN"):
        prepare(REGISTRY.data({"source": {"kind": "data.mix", "sources": [source], "length": 32}}))


def test_a_set_that_knows_groups_or_subjects_keeps_them_together(saved):
    who = np.arange(40) // 4
    grouped = {"path": str(saved("trials", waves(40, 3, 20), trial=who)), "layout": "c t", "group": "trial"}
    known = {"path": str(saved("people", waves(36, 2, 20), subject=who[:36])), "layout": "c t", "subject": "subject"}
    data = mixed(sources=[{"kind": "data.npy", **one} for one in (grouped, known)], length=20)
    sides = [{(n, w // 4) for n, w, _ in origins(data, split).tolist()} for split in ("train", "validation")]
    assert sides[1]
    assert not sides[0] & sides[1]


def test_sets_of_known_rate_are_resampled_to_one_and_cut_to_the_middle(saved):
    time = np.arange(201) / 100
    slow = np.sin(2 * np.pi * time[::2])[None, None] * np.ones((6, 1, 1))
    fast = np.sin(2 * np.pi * time)[None, None] * np.ones((6, 1, 1))
    sources = [
        {"kind": "data.npy", "path": str(saved(name, x, rate)), "layout": "c t"}
        for name, x, rate in (("slow", slow, 50.0), ("fast", fast, 100.0))
    ]
    mix = {"kind": "data.mix", "sources": sources, "rate": 25, "length": 25, "scale": "none"}
    source = REGISTRY.data({"source": mix}).source
    raw = source.read()
    middle = np.sin(2 * np.pi * (np.arange(51) / 25)[13:38])
    np.testing.assert_allclose(raw.train.x[0][0], middle, atol=1e-6)
    np.testing.assert_allclose(raw.train.x[len(raw.train) - 1][0], middle, atol=1e-6)
    assert source.peek().sensor.rate == raw.sensor.rate == 25
    unknown = REGISTRY.data({"source": {**mix, "sources": [*sources, FIVE[2]]}}).source
    with pytest.warns(ZooNote, match="the rate of gunpoint is unknown: whole series are brought to the length"):
        assert unknown.read().sensor.rate is None
    long = REGISTRY.data({"source": {**mix, "length": 52}}).source
    for method in (long.peek, long.read):
        with pytest.raises(
            DataError, match=r"sources\.0, .*expected 52 samples at data.source.rate, found a series of 51"
        ):
            method()


def test_mapped_sets_stay_on_disk(saved, monkeypatch):
    monkeypatch.setattr("zoo.sources.raw._BLOCK_VALUES", 2**15)
    sources = tuple(
        NpySource(path=str(saved(name, waves(windows, 4, samples))), layout="c t")
        for name, windows, samples in (("wide", 1000, 256), ("short", 2000, 128), ("long", 50, 20_000))
    )
    stored = sum((Path(one.path) / "X_train.npy").stat().st_size for one in sources)
    mix = MixSource(sources=sources, length=64)
    mix.read()  # modules are imported
    tracemalloc.start()
    for _ in mix.read().train.blocks():
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < stored / 5


def refused(fields: dict[str, Any]) -> str:
    with pytest.raises(ZooError) as caught:
        REGISTRY.data({"source": {"kind": "data.mix", **fields}}).source.peek()
    return str(caught.value)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "data.source.sources: expected at least one set, found none"),
        ({"leave_out": ["a"], "sources": FIVE}, "data.source.leave_out: expected subfolders of data.source.path"),
        (
            {"sources": [*FIVE, FIVE[1]]},
            "data.source.sources.5: expected another set, found that of data.source.sources.1",
        ),
        (
            {"sources": [{"kind": "data.mix", "sources": FIVE}]},
            "data.source.sources.0.kind: expected a source of one set",
        ),
        ({"sources": [{"kind": "wrn.signal"}]}, "data.source.sources.0.kind: expected a kind of source"),
        ({"sources": [FIVE[0], {"kind": "data.nyp"}]}, "data.source.sources.1.kind: expected an installed source"),
        ({"sources": [FIVE[0], {"kind": "data.ts", "pth": "x"}]}, "data.source.sources.1.pth: expected a known field"),
        (
            {"sources": FIVE, "weights": {"gunpoin": 2}},
            "weights.gunpoin: expected the name of one set, found no sets of that name; did you mean 'gunpoint'?",
        ),
        ({"sources": FIVE, "weights": {"gunpoint": 0}}, "data.source.weights.gunpoint: expected greater than 0"),
        ({"path": "nowhere"}, "nowhere: expected a folder with a set in every subfolder"),
        (
            {"sources": [FIVE[0], {"kind": "data.ts", "path": "nowhere"}]},
            "data.source.sources.1, nowhere: expected a folder with NAME_TRAIN.ts and NAME_TEST.ts, "
            "found no such folder; check data.source.sources.1.path",
        ),
        (
            {"sources": [FIVE[0], {"kind": "data.npy", "path": "x", "layout": "c t", "test": "train"}]},
            "data.source.sources.1.test: expected windows that are not also in training",
        ),
    ],
)
def test_a_mistake_is_one_line_with_its_place(fields, words):
    assert words in refused(fields)


def test_a_listed_set_that_is_also_a_subfolder_is_refused(saved):
    folder = saved("one", waves(8, 2, 20))
    again = {"kind": "data.npy", "path": str(folder / ".." / "one"), "layout": "c t"}
    words = refused({"path": str(folder.parent), "sources": [again]})
    assert "data.source.sources.0: expected another set, found" in words
    assert len(words.splitlines()) == 1


def test_a_subfolder_whose_structure_is_not_clear_is_named_with_the_way_out(saved):
    noise = np.random.default_rng(0).normal(size=(8, 30, 30)).astype(np.float32)
    words = refused({"path": str(saved("noise", noise).parent)})
    assert "noise/X_train.npy: expected" in words
    assert "name it in data.source.leave_out, and list it in data.source.sources with its fields" in words


def test_sets_of_one_name_have_no_weight_by_it(saved, tmp_path):
    one, other = saved("one", waves(8, 2, 20)), tmp_path / "other" / "one"
    other.parent.mkdir()
    one.rename(other)
    sources = [
        {"kind": "data.npy", "path": str(place), "layout": "c t"} for place in (other, saved("one", waves(9, 2, 20)))
    ]
    assert "found 2 sets of that name" in refused({"sources": sources, "weights": {"one": 2}})


def test_an_epoch_that_is_too_large_is_refused():
    with pytest.raises(
        SpecError, match=r"an epoch of at most 100,000,000 windows, found .*; set data\.source\.windows"
    ):
        MixSource(sources=five_sources(), length=8, weights={"japanese_vowels": 1e-6}).read()


def test_a_head_has_nothing_to_learn():
    data = {"source": {"kind": "data.mix", "sources": FIVE, "length": 32}}
    run = REGISTRY.run({"model": {"head": {"kind": "wrn.signal"}}, "data": data})
    with pytest.raises(SpecError, match="found windows of one class, or without labels"):
        run.with_input(input_of(run.data))
