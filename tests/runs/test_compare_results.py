"""Mean and deviation over seeds, chance differences of two counts, and Pareto dominance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoo.runs.compare import beats, chance, spread, stands_out

COUNTS = st.integers(1, 500).flatmap(
    lambda total: st.tuples(st.integers(0, total), st.integers(0, total), st.just(total))
)
MERITS = st.tuples(st.integers(0, 3), st.integers(0, 3))


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=6))
def test_a_spread_is_the_mean_and_sample_deviation_of_numpy(values):
    found = spread(values)
    assert found.mean == pytest.approx(np.mean(values), abs=1e-9)
    if len(values) == 1:
        assert found.deviation is None
    else:
        assert found.deviation == pytest.approx(np.std(values, ddof=1), abs=1e-9)


@given(COUNTS)
def test_chance_is_symmetric_and_never_zero_for_more_than_one_window(counts):
    one, other, total = counts
    assert chance(one, other, total) == chance(other, one, total)
    if total > 1:
        assert chance(one, other, total) > 0


def test_chance_is_two_standard_deviations_of_the_difference():
    draws = np.random.default_rng(0).binomial(100, (0.8, 0.7), (200_000, 2))
    assert chance(80, 70, 100) == pytest.approx(2 * np.std(draws[:, 0] - draws[:, 1]), rel=0.01)
    assert stands_out(90, 77, 100)
    assert not stands_out(90, 81, 100)


@given(MERITS, MERITS)
def test_of_two_results_at_most_one_beats_the_other(one, other):
    assert not (beats(one, other) and beats(other, one))
    assert beats((one[0] + 1, one[1]), one)
