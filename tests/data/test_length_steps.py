"""The three ways to bring series to one length."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from zoo_registry import DataError
from zoo_registry.data import LengthSpec

from zoo.sources.length import crop, interpolate, pad, require_fit, to_length

sizes = st.integers(1, 60)


@given(sizes, st.integers(2, 90), st.floats(-5, 5), st.floats(-5, 5))
def test_interpolation_is_exact_for_straight_lines(length: int, to: int, slope: float, offset: float) -> None:
    line = offset + slope * np.linspace(0, 1, length)[None]
    expected = offset + slope * np.linspace(0, 1, to)[None] if length > 1 else np.full((1, to), line[0, 0])
    np.testing.assert_allclose(interpolate(line, to), expected, atol=1e-12)


@given(sizes, st.integers(2, 90), st.integers(0, 99))
def test_interpolation_equals_that_of_numpy_and_keeps_end_points(length: int, to: int, seed: int) -> None:
    x = np.random.default_rng(seed).normal(size=(2, 3, length))
    found = interpolate(x, to)
    for row, channel in np.ndindex(2, 3):
        expected = np.interp(np.linspace(0, 1, to), np.linspace(0, 1, length), x[row, channel])
        np.testing.assert_allclose(found[row, channel], expected, atol=1e-9)
    np.testing.assert_array_equal(found[..., 0], x[..., 0])
    np.testing.assert_array_equal(found[..., -1], x[..., -1])


def test_interpolation_to_the_same_length_changes_nothing() -> None:
    x = np.random.default_rng(0).normal(size=(2, 3, 17)).astype(np.float32)
    found = interpolate(x, 17)
    np.testing.assert_array_equal(found, x)
    assert found.dtype == np.float32


def test_interpolated_samples_next_to_a_gap_are_gaps() -> None:
    x = np.array([[0.0, 1.0, np.nan, 3.0, 4.0]])
    np.testing.assert_array_equal(interpolate(x, 9), [[0, 0.5, 1, np.nan, np.nan, np.nan, 3, 3.5, 4]])


@given(sizes, st.integers(0, 30))
def test_padding_keeps_every_sample_and_marks_the_rest(length: int, more: int) -> None:
    x = np.random.default_rng(length).normal(size=(2, 3, length))
    found = pad(x, length + more)
    np.testing.assert_array_equal(found[..., :length], x)
    assert found.shape == (2, 3, length + more)
    assert np.isnan(found[..., length:]).all()


@given(sizes, st.integers(1, 60))
def test_cropping_takes_the_middle(to: int, more: int) -> None:
    found = crop(np.arange(to + more)[None], to)
    left, right = found[0, 0], to + more - 1 - found[0, -1]
    assert found.shape == (1, to)
    assert right - left in (0, 1)


@pytest.mark.parametrize("method", ["interpolate", "pad", "crop"])
def test_every_step_gives_the_length_it_names(method: str) -> None:
    length = 5 if method == "pad" else 20
    assert to_length(np.ones((2, 1, length)), LengthSpec(to=12, method=method)).shape == (2, 1, 12)


@pytest.mark.parametrize(("method", "shortest", "longest"), [("pad", 5, 13), ("crop", 11, 20)])
def test_a_step_that_would_lose_or_invent_samples_is_refused(method: str, shortest: int, longest: int) -> None:
    with pytest.raises(DataError, match=r"Toy.*12 samples") as caught:
        require_fit(shortest, longest, LengthSpec(to=12, method=method), "Toy")
    assert "\n" not in str(caught.value)
