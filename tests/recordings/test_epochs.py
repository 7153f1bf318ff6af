"""Epochs against NumPy on the whole signal, however its samples are cut into blocks."""

import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_recordings import AXES, blocks, epochs_of
from zoo_registry import Block

from zoo.recordings.epochs import Bins, Epochs

CLOSE: dict[str, Any] = {"rtol": 0, "atol": 1e-12}
STATISTICS = {"mean": np.mean, "sd": np.std, "low": np.min, "high": np.max}


def compare(found: Epochs, time: np.ndarray, x: np.ndarray, temperature: np.ndarray) -> None:
    """Every statistic is NumPy's, over the samples of the bin."""
    number = np.floor(time / found.seconds)
    assert found.start.tolist() == (np.unique(number) * found.seconds).tolist()
    for e, k in enumerate(np.unique(number)):
        inside = number == k
        assert found.count[e] == inside.sum()
        for name, statistic in STATISTICS.items():
            np.testing.assert_allclose(getattr(found, name)[e], statistic(x[:, inside], axis=1), **CLOSE)
        np.testing.assert_allclose(found.side["temperature"][e], temperature[inside].mean(), **CLOSE)


def gathered(time: np.ndarray, x: np.ndarray, temperature: np.ndarray, seconds: float, cuts: Any = ()) -> Epochs:
    bins = Bins(seconds, 8, AXES, side=("temperature",))
    for block in blocks(time, x, {"temperature": temperature}, cuts):
        bins.add(block)
    return bins.epochs()


@given(
    st.lists(st.integers(0, 400), max_size=12).map(sorted),
    st.sampled_from([0.25, 5.0, 10.0, 900.0]),
    st.sampled_from([1e-3, 1.0]),
    st.integers(0, 2**31),
)
def test_any_cut_into_blocks_gives_the_statistics_of_the_whole(cuts, seconds, spread, seed):
    rng = np.random.default_rng(seed)
    x = 1 + spread * rng.normal(size=(3, 400))
    temperature = 25 + rng.random(400)
    time = np.cumsum(rng.choice([0.125, 0.125, 0.125, 40.0], 400, p=[0.33, 0.33, 0.33, 0.01])) - 0.125
    compare(gathered(time, x, temperature, seconds, cuts), time, x, temperature)


@given(st.integers(1, 7), st.integers(1, 7), st.integers(0, 2**31))
def test_joined_epochs_are_those_of_the_samples(parts, step, seed):
    rng = np.random.default_rng(seed)
    x, temperature = 1 + 1e-3 * rng.normal(size=(3, 300)), rng.random(300)
    time = np.sort(rng.choice(1000, 300, replace=False)) / 8
    joined = gathered(time, x, temperature, 2.0).joined(parts, step)
    starts = np.arange(0, 125, 2 * step)
    inside = [(time >= start) & (time < start + 2 * parts) for start in starts]
    assert joined.seconds == 2 * parts
    assert joined.start.tolist() == [start for start, some in zip(starts, inside, strict=True) if some.any()]
    for e, some in enumerate(some for some in inside if some.any()):
        for name, statistic in STATISTICS.items():
            np.testing.assert_allclose(getattr(joined, name)[e], statistic(x[:, some], axis=1), **CLOSE)
        np.testing.assert_allclose(joined.side["temperature"][e], temperature[some].mean(), **CLOSE)


def test_a_flat_signal_has_deviation_zero_in_a_bin_of_100_000_samples():
    found = epochs_of(np.full((3, 100_000), 0.1), seconds=1000, rate=100)
    np.testing.assert_allclose(found.mean, 0.1, **CLOSE)
    np.testing.assert_allclose(found.sd, 0, **CLOSE)
    assert found.low.tolist() == found.high.tolist() == [[0.1] * 3]


def test_a_value_that_is_not_finite_is_not_counted():
    x = np.random.default_rng(0).normal(size=(3, 60))
    x[0, 3], x[1, 20:40], x[2, 50] = np.nan, np.nan, np.inf
    found = epochs_of(x, seconds=2)
    known = np.where(np.isfinite(x), x, np.nan).reshape(3, 3, 20)
    with pytest.warns(RuntimeWarning, match="empty slice|Degrees of freedom|All-NaN"):
        expected = [statistic(known, axis=2).T for statistic in (np.nanmean, np.nanstd, np.nanmin, np.nanmax)]
    for name, values in zip(STATISTICS, expected, strict=True):
        np.testing.assert_allclose(getattr(found, name), values, **CLOSE)
    assert found.count.tolist() == [19, 0, 19]
    assert found.whole.tolist() == [True, False, True]


def test_a_time_that_is_rounded_down_stays_in_its_bin():
    time = np.nextafter(np.arange(1, 10) * 10.0, 0)
    assert epochs_of(np.ones((3, 9)), seconds=10, time=time).start.tolist() == [10.0 * k for k in range(1, 10)]


def test_a_recording_without_samples_has_no_epochs():
    bins = Bins(10, 100, AXES, side=("light",))
    nothing = np.zeros(0)
    bins.add(Block(nothing, np.zeros((3, 0)), {"light": nothing}, continues=False))
    found = bins.epochs()
    assert len(found) == len(found.joined(6)) == len(found.count) == 0
    assert found.mean.shape == found.joined(4, step=1).sd.shape == (0, 3)
    assert found.side["light"].shape == (0,)


def test_a_clock_that_jumps_by_centuries_adds_one_bin():
    time = np.array([0.0, 0.1, 2e11])
    hours = epochs_of(np.ones((3, 3)), seconds=10, time=time).joined(90).joined(4, step=1)
    assert len(hours) == 5


def test_memory_grows_with_bins_and_not_with_samples():
    x = np.ones((3, 10_000))
    bins = Bins(1e6, 1000, AXES)
    tracemalloc.start()
    try:
        for k in range(30):
            if k == 10:
                before = tracemalloc.get_traced_memory()[0]
            bins.add(Block(np.arange(10_000) / 1000 + 10 * k, x, {}, continues=True))
        assert tracemalloc.get_traced_memory()[0] - before < x.nbytes / 10
    finally:
        tracemalloc.stop()
    assert bins.epochs().count.tolist() == [300_000]
