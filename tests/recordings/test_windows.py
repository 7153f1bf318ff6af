"""Windows hold the samples that a loop would take, and what is left out of every bout is counted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import MadeRecording
from zoo_registry import SpecError

from zoo.recordings.segments import TimeSpan
from zoo.recordings.windows import Cut, hours_of, pieces, resampled, smoothed


def plain(segment):
    return segment.x


@given(st.integers(1, 12), st.integers(1, 20), st.integers(0, 40))
def test_windows_are_those_of_a_loop(size, step, samples):
    recording = MadeRecording(np.arange(samples) / 10, np.arange(2.0 * samples).reshape(2, samples))
    how = Cut(size / 10, step / 10)
    found = list(pieces(recording, [TimeSpan(0, 100, 7)], how, plain)) if samples else []
    expected = [recording.x[:, first : first + size] for first in range(0, samples - size + 1, step)]
    assert [window.tolist() for piece in found for window in piece.x] == [window.tolist() for window in expected]
    inside = {sample for first in range(0, samples - size + 1, step) for sample in range(first, first + size)}
    assert sum(piece.used for piece in found) == pytest.approx(len(inside) / 10)
    assert sum(piece.seconds for piece in found) == pytest.approx(samples / 10)
    assert {piece.span for piece in found} <= {7}


def test_no_window_crosses_a_gap():
    """Windows start anew after it."""
    time = np.concatenate([np.arange(25), np.arange(40, 60)]) / 10
    found = list(pieces(MadeRecording(time, time[None]), [TimeSpan(0, 10, 0)], Cut(1, 1), plain))
    assert [piece.starts.tolist() for piece in found] == [[0.0, 1.0], [4.0, 5.0]]
    assert all(np.ptp(window) == pytest.approx(0.9) for piece in found for window in piece.x)


@pytest.mark.parametrize(("how", "option"), [(Cut(0.25, 1), "--length"), (Cut(1, 0.05), "--step")])
def test_windows_need_whole_samples_unless_they_are_resampled(how, option):
    with pytest.raises(SpecError, match=rf"{option}: expected a whole number of samples at 10 Hz"):
        how.samples(10)
    assert Cut(how.length, how.step, rate=20).samples(10) == (round(how.length * 20), round(how.step * 20))


def test_a_rate_that_is_no_whole_number_has_windows_of_fitting_length():
    assert Cut(10, 10).samples(85.7) == (857, 857)
    with pytest.raises(SpecError, match=r"found 428\.5 in 5 s"):
        Cut(5, 5).samples(85.7)


@given(st.integers(1, 9), st.integers(1, 30))
def test_a_moving_mean_is_that_of_a_loop(samples, length):
    x = np.random.default_rng(length).normal(size=(2, length))
    before, after = (samples - 1) // 2, samples // 2 + 1
    expected = [x[:, max(0, at - before) : at + after].mean(1) for at in range(length)]
    assert smoothed(x, samples) == pytest.approx(np.stack(expected, 1))


@pytest.mark.parametrize(("before", "after"), [(100, 50), (85.7, 100), (50, 100)])
def test_a_resampled_tone_keeps_its_frequency_and_amplitude(before, after):
    """Away from the ends, where the filter lacks samples."""
    time = np.arange(0, 20, 1 / before)
    found = resampled(np.sin(2 * np.pi * 3 * time)[None], before, after)
    at = np.arange(found.shape[1]) / after
    middle = (at > 2) & (at < 18)
    assert found[0, middle] == pytest.approx(np.sin(2 * np.pi * 3 * at[middle]), abs=0.02)


def holed(x):
    """``x (2 t)`` without its first sample and five later ones, and a channel without any."""
    found = np.concatenate([x, x[:1]])
    found[0, 0] = found[1, 20:25] = found[2] = np.nan
    return found


@given(st.integers(2, 9), st.integers(30, 60))
def test_a_moving_mean_is_that_of_the_samples_that_are_there(samples, length):
    x = holed(np.random.default_rng(length).normal(size=(2, length)))
    before, after = (samples - 1) // 2, samples // 2 + 1
    found = smoothed(x, samples)
    assert (np.isnan(found) == np.isnan(x)).all()
    for channel, at in np.argwhere(~np.isnan(x)):
        assert found[channel, at] == pytest.approx(np.nanmean(x[channel, max(0, at - before) : at + after]))


@pytest.mark.parametrize(("before", "after"), [(100, 50), (100, 100 / 3), (50, 100)])
def test_a_missing_sample_is_missing_at_another_rate_and_others_are_not(before, after):
    tone = np.sin(2 * np.pi * np.arange(0, 4, 1 / before))
    found = resampled(holed(np.stack([tone, tone])), before, after)
    at = np.arange(found.shape[1]) * before / after
    assert np.isnan(found[0]).tolist() == (at < 1).tolist()
    assert np.isnan(found[1]).tolist() == ((at > 19 + 1e-9) & (at < 25 - 1e-9)).tolist()
    assert np.isnan(found[2]).all()
    middle = (at > 40) & (at < len(tone) - 40)
    assert found[:2, middle] == pytest.approx(resampled(np.stack([tone, tone]), before, after)[:, middle], abs=1e-3)


def test_a_recording_without_bouts_is_divided_into_hours():
    assert [(span.start, span.end) for span in hours_of(8000)] == [(0, 3600), (3600, 7200), (7200, 8000)]
