"""Ranges of training windows: what lies outside, by mean, deviation and bands of the spectrum."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.signal import periodogram
from toy_sets import Write
from zoo_data import NpySource
from zoo_registry import DataSpec

from zoo.data import prepare
from zoo.data.ranges import Ranges, measures, octaves
from zoo.data.split import Split

SAMPLES = 100


def split_of(x: np.ndarray, masked: bool = False) -> Split:
    rows = np.arange(len(x))
    return Split("train", x.astype(np.float32), rows, None, masked, np.zeros(len(x), np.int64))


@pytest.fixture
def x() -> np.ndarray:
    """Windows `(400 2 100)` of noise whose level and offset differ."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(400, 2, SAMPLES)).cumsum(2)
    return noise * rng.uniform(0.5, 2, (400, 2, 1)) + rng.uniform(-3, 3, (400, 2, 1))


def test_bands_are_octaves_up_to_half_the_rate():
    assert octaves(500) == (0, 3, 7, 15, 31, 62, 125, 250)
    assert octaves(40) == (0, 2, 5, 10, 20)
    assert octaves(2) == (0, 1)
    assert len(octaves(1_000_000)) == 9


def test_shares_of_power_are_those_of_a_periodogram(x: np.ndarray):
    _, power = periodogram(x, window="hann", detrend="constant", scaling="spectrum")
    power[..., -1] *= 2  # one-sided: all but this frequency have that of the negative one too
    edges = octaves(SAMPLES)
    bands = np.stack([power[..., a + 1 : b + 1].sum(2) for a, b in pairwise(edges)], 2)
    assert measures(x).spectrum == pytest.approx(np.log10(bands / bands.sum(2, keepdims=True)))


@pytest.mark.parametrize("cycles", [1, 4, 9, 20, 40])
def test_a_wave_is_in_the_band_of_its_frequency(cycles: int):
    wave = np.sin(2 * np.pi * cycles * np.arange(SAMPLES) / SAMPLES)[None, None]
    found = int(measures(wave).spectrum[0, 0].argmax())
    assert octaves(SAMPLES)[found] < cycles <= octaves(SAMPLES)[found + 1]


def test_another_unit_moves_mean_and_deviation_alone(x: np.ndarray):
    one, other = measures(x), measures(9.81 * x)
    assert other.mean == pytest.approx(9.81 * one.mean)
    assert other.deviation == pytest.approx(np.log10(9.81) + one.deviation)
    assert other.spectrum == pytest.approx(one.spectrum)


def test_axes_in_threes_are_also_compared_by_their_sums_and_differences():
    """Where y follows x, the opposite of y alone is like before, but not together with x."""
    tilt = np.random.default_rng(1).uniform(-1, 1, (300, 1, 1))
    x = np.concatenate([tilt, tilt, 0 * tilt], axis=1) + np.zeros(SAMPLES)
    turned = x * [[1], [-1], [1]]
    ranges, pair = Ranges.of(split_of(x)), Ranges.of(split_of(x[:, :2]))
    assert ranges is not None
    assert pair is not None
    assert (len(ranges.mean), len(pair.mean)) == (13, 2)
    assert not ranges.outside(x).mean.any()
    assert ranges.outside(turned).mean[np.abs(tilt[:, 0, 0]) > 0.01].all()
    assert not pair.outside(turned[:, :2]).mean.any()


def test_only_few_windows_of_the_training_split_are_outside(x: np.ndarray):
    ranges = Ranges.of(split_of(x))
    assert ranges is not None
    for beyond in ranges.outside(x):
        assert beyond.mean() <= 0.02 * 2
    unlike = ranges.outside(x + 100)
    assert (unlike.mean.all(), unlike.deviation.any()) == (True, False)
    assert ranges.outside(100 * x).deviation.all()
    smooth = ranges.outside(np.cumsum(x - x.mean(2, keepdims=True), axis=2))
    assert smooth.bands[:, -1].all()
    again = Ranges.model_validate_json(ranges.model_dump_json())
    assert again == ranges


def test_missing_samples_are_left_out_and_a_window_with_some_has_no_spectrum(x: np.ndarray):
    gapped = x.copy()
    gapped[::2, 0, 10:30] = np.nan
    found, whole = measures(gapped), measures(x)
    assert found.mean[0, 0] == pytest.approx(np.delete(x[0, 0], slice(10, 30)).mean())
    assert 10 ** found.deviation[0, 0] == pytest.approx(np.delete(x[0, 0], slice(10, 30)).std())
    assert np.isnan(found.spectrum[::2, 0]).all()
    assert np.array_equal(found.spectrum[1::2], whole.spectrum[1::2])
    ranges = Ranges.of(split_of(gapped, masked=True))
    assert ranges is not None
    half = Ranges.of(split_of(x[1::2]))
    assert half is not None
    assert np.array(ranges.spectrum[0]) == pytest.approx(np.array(half.spectrum[0]), rel=1e-5)
    assert not ranges.outside(np.full((3, 2, SAMPLES), np.nan)).bands.any()


def test_what_was_never_measured_is_never_outside(x: np.ndarray):
    flat = x.copy()
    flat[:, 1] = 1.0
    ranges = Ranges.of(split_of(flat))
    assert ranges is not None
    assert ranges.spectrum[1][0] == (None, None)
    assert not ranges.outside(flat)[0][:, None].all()
    moving = ranges.outside(np.concatenate([flat[:, :1], x[:, 1:]], axis=1))
    assert moving.deviation.all()
    assert moving.bands.mean() < 0.02


def test_few_windows_have_no_ranges(write_npy: Write, x: np.ndarray):
    assert Ranges.of(prepare(DataSpec(source=NpySource(path=str(write_npy()), layout="c t"))).train) is None
    assert Ranges.of(split_of(x[:99])) is None
    assert Ranges.of(split_of(x[:100])) is not None


def test_many_windows_are_measured_evenly_in_part(x: np.ndarray, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("zoo.data.ranges._MOST", 150)
    split = split_of(x)
    assert Ranges.of(split) == Ranges.of(replace(split, rows=split.rows[::3], y=split.y[::3]))
