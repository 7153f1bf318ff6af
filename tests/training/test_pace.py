"""When a run writes: a small share of the time, and soon enough after the work that a kill would lose."""

from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoo.training.pace import LONGEST, SHARE, Pace


class Written(NamedTuple):
    """A time at which something was written, and how long that took."""

    at: float
    took: float


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def simulate(epoch: float, cost: float, epochs: int = 300) -> list[Written]:
    """A run of epochs of ``epoch`` seconds in which writing takes ``cost`` seconds."""
    clock, written = Clock(), []
    pace = Pace(clock)
    for _ in range(epochs):
        clock.now += epoch
        if pace.due():
            written.append(Written(clock.now, cost))
            with pace.writing():
                clock.now += cost
    return written


SECONDS = st.floats(1e-3, 200)


@given(epoch=SECONDS, cost=SECONDS)
def test_a_kill_costs_an_epoch_or_the_longest_time_and_no_more(epoch, cost):
    written = simulate(epoch, cost)
    assert written[0].at == epoch
    for before, after in pairwise(written):
        assert after.at - before.at - before.took <= max(LONGEST, epoch) * (1 + 1e-6)


@given(epoch=st.floats(1e-3, LONGEST / 3), cost=st.floats(1e-4, SHARE * LONGEST / 2))
def test_writing_takes_a_small_share_of_the_time(epoch, cost):
    written = simulate(epoch, cost)
    for before, after in pairwise(written):
        since = after.at - before.at - before.took
        assert before.took <= SHARE * since * (1 + 1e-6) or since + epoch > LONGEST * (1 - 1e-6)


def test_every_epoch_is_written_if_that_takes_no_time_or_if_epochs_are_long():
    assert len(simulate(0.01, 0.0, 50)) == len(simulate(20.0, 5.0, 50)) == 50


def test_the_time_of_the_latest_writing_counts():
    clock = Clock()
    pace, dues = Pace(clock), []
    for cost in (1.5 * SHARE, *[0.5 * SHARE] * 5):
        clock.now += 1.0
        dues.append(pace.due())
        if dues[-1]:
            with pace.writing():
                clock.now += cost
    assert dues == [True, False, True, True, True, True]


def test_a_writing_that_fails_is_due_again():
    clock = Clock()
    pace = Pace(clock)
    assert pace.due()
    with pytest.raises(OSError, match="full"), pace.writing():
        raise OSError("full")
    assert pace.due()
