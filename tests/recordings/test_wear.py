"""Unworn time of a day in which it is known, and of recordings with gaps."""

import numpy as np
import pytest
from made_recordings import PARTS, RATE, epochs_of, made, reference

from zoo.recordings.wear import find_wear, hour_windows, is_still

MINUTE = 60 * RATE


def at_rest(minutes: int, axes: int = 3, spread: float = 0.004) -> np.ndarray:
    return spread * np.random.default_rng(minutes).normal(size=(axes, minutes * MINUTE))


def stretches(kind: str) -> list[tuple[int, int]]:
    """Start and end of the parts of one kind, in minutes."""
    ends = np.cumsum([minutes for _, minutes in PARTS]).tolist()
    return [(end - minutes, end) for end, (part, minutes) in zip(ends, PARTS, strict=True) if part == kind]


@pytest.mark.parametrize("seconds", [10, 60])
def test_long_rest_is_found_to_the_minute_and_45_minutes_never(seconds: int):
    """The method looks for still hours, so rest of under an hour lies in no still window."""
    first, short, last = stretches("off")
    assert short[1] - short[0] == 45
    found = find_wear(epochs_of(made().day, seconds)).unworn
    assert found is not None
    assert len(found) == 2
    for span, truth in zip(found, (first, last), strict=True):
        assert np.abs(np.array(span) / 60 - truth).max() <= 1
    assert all(end / 60 <= short[0] or short[1] <= start / 60 for start, end in found)


def test_sleep_with_turns_is_worn():
    (start, end), *_ = stretches("sleep")
    assert find_wear(epochs_of(made().day[:, start * MINUTE : end * MINUTE], 10)).unworn == ()


def test_sleep_without_turns_cannot_be_told_from_unworn():
    assert find_wear(epochs_of(at_rest(90), 10)).unworn == ((0.0, 5400.0),)


@pytest.mark.parametrize("seconds", [5, 10, 900])
def test_windows_have_the_statistics_of_their_samples(seconds: int):
    day = made().day
    found = hour_windows(epochs_of(day, seconds).joined(900 // seconds))
    starts = np.arange(0, day.shape[1] - 60 * MINUTE + 1, 15 * MINUTE)
    whole = [day[:, start : start + 60 * MINUTE] for start in starts]
    assert found.start.tolist() == (starts / RATE).tolist()
    np.testing.assert_allclose(found.sd, [x.std(axis=1) for x in whole], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.high - found.low, [np.ptp(x, axis=1) for x in whole], rtol=0, atol=1e-12)


def test_windows_and_flags_are_those_of_the_reference():
    file = reference()
    assert [f"{kind} {minutes}" for kind, minutes in PARTS] == file["nonwear/parts"].tolist()
    np.testing.assert_array_equal(made().day[:, :50].T, file["nonwear/first_samples"])
    found = hour_windows(epochs_of(made().day, 10).joined(90))  # every 15 min
    assert (found.start / 60).tolist() == file["nonwear/window_start_minute"].tolist()
    np.testing.assert_allclose(found.sd, file["nonwear/sd"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.high - found.low, file["nonwear/range"], rtol=0, atol=1e-6)
    assert is_still(found).tolist() == file["nonwear/off_sd_and_range"].tolist()


@pytest.mark.parametrize(("moving", "unworn"), [(1, True), (2, False)])
def test_two_of_three_axes_must_be_still(moving: int, unworn: bool):
    x = at_rest(60)
    x[:moving] *= 10
    assert bool(find_wear(epochs_of(x, 10)).unworn) is unworn


def test_a_single_knock_is_worn_although_the_deviation_stays_small():
    x = at_rest(60)
    x[:, 1000] += 0.1
    hours = hour_windows(epochs_of(x, 10).joined(6))
    assert (hours.sd < 0.013).all()
    assert not is_still(hours).any()


@pytest.mark.parametrize("minutes", [5, 50])
def test_under_an_hour_nothing_is_measured(minutes: int):
    found = find_wear(epochs_of(at_rest(minutes), 10))
    assert found.unworn is found.measured is None
    assert found.reason == f"it needs an hour of data, and there are {minutes} min"


def test_nothing_is_measured_without_samples():
    found = find_wear(epochs_of(np.zeros((3, 0)), 10))
    assert found.unworn is None
    assert found.reason == "it needs an hour of data, and there are 0 min"


def test_nothing_is_measured_by_one_axis():
    found = find_wear(epochs_of(at_rest(90, axes=1), 10))
    assert found.unworn is None
    assert found.reason == "it needs 2 axes of acceleration, and this recording has 1"


def with_gap(minutes: int, at: int, gap: int) -> np.ndarray:
    """Times of samples of ``minutes``, with a gap after ``at`` minutes."""
    time = np.arange(minutes * MINUTE) / RATE
    return time + (time >= at * 60) * gap * 60


def test_an_hour_that_lacks_a_tenth_is_judged_by_the_rest():
    found = find_wear(epochs_of(at_rest(54), 10, time=with_gap(54, 30, gap=6)))
    assert found.unworn == found.measured == ((0.0, 3600.0),)


def test_an_hour_that_lacks_more_is_not_measured():
    found = find_wear(epochs_of(at_rest(53), 10, time=with_gap(53, 30, gap=7)))
    assert found.unworn is None
    assert found.reason == "no hour has 90 % of its samples"


def test_only_stretches_of_an_hour_are_measured():
    found = find_wear(epochs_of(at_rest(150), 10, time=with_gap(150, 40, gap=80)))
    assert found.unworn == found.measured == ((7200.0, 13800.0),)


def test_unworn_time_ends_with_the_recording():
    found = find_wear(epochs_of(at_rest(116), 10))
    assert found.unworn == ((0.0, 116 * 60.0),)


def test_days_in_a_row_are_measured_like_one():
    """Hours are joined a day at a time, and rest over the end of a day is one stretch."""
    x = at_rest(24 * 60 + 300, spread=0.1)
    x[:, 23 * 60 * MINUTE : 25 * 60 * MINUTE] *= 0.01
    ((start, end),) = find_wear(epochs_of(x, 10)).unworn
    assert (start, end) == (23 * 3600, 25 * 3600)


def test_an_hour_with_a_quarter_of_unknown_samples_is_not_measured():
    x = at_rest(60)
    x[:, 5 * MINUTE : 20 * MINUTE] = np.nan
    assert find_wear(epochs_of(x, 10)).unworn is None
