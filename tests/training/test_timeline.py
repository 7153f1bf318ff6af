"""Phases by optimizer step: which parts learn, and the weights of terms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zoo_registry import PhaseSpec, RampSpec
from zoo_registry.training import CosineSpec, StepsSpec

from zoo.training.timeline import Timeline, rate

phases = st.lists(
    st.builds(PhaseSpec, length=st.integers(1, 5), every=st.sampled_from(["epoch", "batch"])), min_size=1, max_size=4
).map(tuple)


def by_hand(phases: tuple[PhaseSpec, ...], steps_per_epoch: int, step: int) -> tuple[int, int]:
    """Index and elapsed units of ``step``, found by walking there one step at a time."""
    index = taken = 0
    for _ in range(step):
        taken += 1
        length = phases[index].length * (steps_per_epoch if phases[index].every == "epoch" else 1)
        if taken == length:
            index, taken = (index + 1) % len(phases), 0
    return index, taken // (steps_per_epoch if phases[index].every == "epoch" else 1)


@given(phases, st.integers(1, 7), st.integers(0, 200))
def test_the_timeline_equals_walking_through_the_repeated_phases(phases, steps_per_epoch, step):
    moment = Timeline(phases, steps_per_epoch).at(step)
    assert (moment.index, moment.elapsed) == by_hand(phases, steps_per_epoch, step)


def test_cross_entropy_off_for_twenty_epochs_then_on():
    off = PhaseSpec(name="off", length=20, weights={"x": 1.0})
    on = PhaseSpec(name="on", length=80, weights={"x": 1.0, "ce": 0.5})
    timeline = Timeline((off, on), steps_per_epoch=3)
    assert timeline.at(59).weights(["x", "ce"]) == {"x": 1.0, "ce": 0.0}
    assert timeline.at(60).weights(["x", "ce"]) == {"x": 1.0, "ce": 0.5}


def test_in_a_phase_without_weights_every_term_has_weight_one():
    assert Timeline((PhaseSpec(),), 1).at(0).weights(["x", "z"]) == {"x": 1.0, "z": 1.0}


@pytest.mark.parametrize(("step", "weight"), [(0, 1.0), (2, 1.5), (4, 2.0), (6, 3.0), (18, 3.0)])
def test_a_ramp_is_a_straight_line_in_the_units_of_the_phase_and_then_constant(step, weight):
    phase = PhaseSpec(length=10, weights={"ce": RampSpec(start=1.0, end=3.0, over=4)})
    timeline = Timeline((phase,), steps_per_epoch=2)
    assert timeline.at(step).weights(["ce"])["ce"] == pytest.approx(1 + 0.5 * (step // 2) if step < 8 else 3.0)
    assert timeline.at(4).weights(["ce"])["ce"] == 2.0


def test_phases_that_are_never_reached_are_named():
    first, second = PhaseSpec(name="a", length=5), PhaseSpec(name="b")
    assert Timeline((first, second), 3).unreached(epochs=5) == [second]
    assert Timeline((first, second), 3).unreached(epochs=6) == []


@given(st.integers(1, 500), st.floats(0, 0.9), st.floats(0, 1))
def test_the_rate_stays_between_its_minimum_and_maximum(steps, warmup, floor):
    schedule = CosineSpec(warmup=warmup, floor=floor)
    rates = [rate(schedule, step, steps) for step in range(steps)]
    assert all(0 < value <= 1 + 1e-9 for value in rates[: round(warmup * steps)])
    assert all(floor - 1e-9 <= value <= 1 + 1e-9 for value in rates[round(warmup * steps) :])


def test_the_cosine_ends_near_its_minimum_and_steps_drop_at_their_shares():
    assert rate(CosineSpec(warmup=0.0, floor=0.01), 999, 1000) == pytest.approx(0.01, abs=1e-4)
    steps = StepsSpec(at=(0.5, 0.75), factor=0.1)
    assert [rate(steps, step, 8) for step in (3, 4, 6)] == pytest.approx([1.0, 0.1, 0.01])
