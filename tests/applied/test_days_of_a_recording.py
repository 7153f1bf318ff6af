"""Bouts and minutes account for all time of a recording, whatever its gaps and windows."""

from collections import Counter, defaultdict
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from timelines import MIDNIGHT, filled, predicted, survey_of

from zoo.applied.summary import days_of
from zoo.applied.timeline import DAY, UNSURE, UNWORN, divided

CLASSES = ("sit", "walk")
PARTS = st.lists(st.tuples(st.integers(0, 2), st.booleans(), st.integers(1, 30)), min_size=1, max_size=40)
"""Class, or 2 for unworn; whether there is a gap before; number of windows."""


@given(PARTS, st.booleans())
def test_bouts_and_days_account_for_all_time(parts, late):
    at, starts, labels, stretches = 0.0, [], [], [[0.0, 0.0]]
    for label, gap, windows in parts:
        if gap:
            at += 7
            stretches.append([at, at])
        starts += [at + 10 * number for number in range(windows)]
        labels += [label] * windows
        at += 10 * windows
        stretches[-1][1] = at
    survey = survey_of(*map(tuple, stretches), start=MIDNIGHT + timedelta(hours=23 * late))
    found = filled(
        survey,
        *(predicted(some, of, np.array(of) < 2) for some, of in zip(halves(starts), halves(labels), strict=True)),
    )
    expected = Counter({UNWORN if label == 2 else label: 0 for label in labels})
    expected.update(UNWORN if label == 2 else label for label in labels)
    totals = defaultdict(float)
    for run in found.runs:
        totals[run.state] += run.end - run.start
    assert totals == pytest.approx({state: 10 * count for state, count in expected.items()})
    for one, other in pairwise(found.runs):
        assert one.end <= other.start + 1e-9
        assert one.state != other.state or other.start - one.end > 1
    days = days_of(survey, found, CLASSES)
    assert sum(day.unworn for day in days) == pytest.approx(expected[UNWORN] / 6, abs=1e-2)
    assert sum(sum(day.minutes.values()) for day in days) == pytest.approx((expected[0] + expected[1]) / 6, abs=1e-2)
    assert sum(day.gaps for day in days) * 60 == pytest.approx(7 * (len(stretches) - 1), abs=1)
    assert sum(day.rest for day in days) == pytest.approx(0, abs=1e-2)


def halves(values):
    return values[: len(values) // 2], values[len(values) // 2 :]


def test_a_bout_over_midnight_is_divided_between_two_days_and_stays_one_bout():
    survey = survey_of((0, 120), start=MIDNIGHT - timedelta(seconds=50))
    found = filled(survey, predicted(range(0, 120, 10), [1] * 12))
    assert [(run.state, run.start, run.end) for run in found.runs] == [(1, 0, 120)]
    days = days_of(survey, found, CLASSES)
    assert [str(day.day) for day in days] == ["2021-03-27", "2021-03-28"]
    assert [day.minutes["walk"] for day in days] == [pytest.approx(50 / 60, abs=1e-3), pytest.approx(70 / 60, abs=1e-3)]


def test_a_slow_clock_leaves_no_gap_between_windows():
    """Windows of 10 s by the nominal rate come every 10.013 s."""
    starts = 10.013 * np.arange(30)
    survey = survey_of((0, 10.013 * 30))
    found = filled(survey, predicted(starts, [0] * 10 + [1] * 20))
    assert [(run.state, run.start) for run in found.runs] == [(0, 0), (1, starts[10])]
    assert found.runs[0].end == found.runs[1].start


def test_windows_that_overlap_are_counted_once():
    """A window stands for a step: the last one of a bout too."""
    survey = survey_of((0, 100))
    found = filled(survey, predicted(np.arange(0, 92, 2.5), [0] * 18 + [1] * 19), each=2.5)
    assert [run.end - run.start for run in found.runs] == [45, 47.5]
    assert days_of(survey, found, CLASSES)[0].rest == pytest.approx(7.5 / 60, abs=1e-3)


def test_every_minute_has_the_state_with_most_of_its_seconds():
    survey = survey_of((0, 180), start=MIDNIGHT + timedelta(minutes=5))
    labels = [0] * 4 + [1] * 2 + [0] * 1 + [1] * 5 + [1] * 2 + [0] * 4
    found = filled(survey, predicted(range(0, 180, 10), labels, movement=range(18)))
    assert found.minutes == {5: 0, 6: 1, 7: 0}
    assert found.movement == {5: 2.5, 6: 8.5, 7: 14.5}


def test_unsure_windows_belong_to_no_class():
    survey = survey_of((0, 60))
    found = filled(survey, predicted(range(0, 60, 10), [0] * 6, probability=[0.9, 0.9, 0.4, 0.5, 0.9, 0.9]), unsure=0.5)
    assert [(run.state, run.end) for run in found.runs] == [(0, 20), (UNSURE, 30), (0, 60)]
    assert found.unsure == 1
    assert days_of(survey, found, CLASSES)[0].minutes["sit"] == pytest.approx(50 / 60, abs=1e-3)


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.sampled_from([60, DAY]))
def test_an_interval_is_divided_without_rest(start, length, period):
    parts = list(divided(start, start + length, period))
    assert sum(seconds for _, seconds in parts) == pytest.approx(length, abs=1e-6)
    assert [number for number, _ in parts] == sorted({number for number, _ in parts})
    assert all(0 < seconds <= period + 1e-9 for _, seconds in parts)
