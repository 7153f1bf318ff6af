"""Axes and points: full grids, one at a time, and refined grids around the best point."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from swept import S, Z

from zoo.sweep.axis import Axis, Level, short_names, spaced
from zoo.sweep.point import AS_IT_IS, edges, most_refined, refined

PATHS = st.lists(
    st.lists(st.sampled_from(["a", "b", "c", "0", "1"]), min_size=1, max_size=4).map(lambda p: ".".join(["m", *p])),
    min_size=1, max_size=5, unique=True,
)  # fmt: skip
NUMBERS = st.lists(st.integers(1, 1000), min_size=2, max_size=6, unique=True)


@given(PATHS)
def test_short_names_are_the_shortest_distinct_endings_of_paths(paths):
    names = short_names(paths)
    assert len(set(names.values())) == len(paths)
    for path, name in names.items():
        assert f".{path}".endswith(f".{name}")
        others = [other for other in paths if other != path]
        assert name == path or not any(f".{other}".endswith(f".{name}") for other in others)


@given(st.floats(1e-6, 1e6), st.floats(1.01, 1e6), st.integers(2, 50), st.sampled_from(["linear", "log"]))
def test_grids_have_equal_steps_or_factors_from_end_to_end(low, factor, points, spacing):
    numbers = spaced(low, low * factor, points, spacing)
    assert len(numbers) == points
    assert math.isclose(numbers[0], low)
    assert math.isclose(numbers[-1], low * factor, rel_tol=1e-9)
    steps = [b / a for a, b in pairwise(numbers)] if spacing == "log" else [b - a for a, b in pairwise(numbers)]
    assert math.isclose(min(steps), max(steps), rel_tol=1e-4)


def axis(numbers, integer=False):
    levels = tuple(Level(label=f"{n:g}", settings={"p": n}, number=n) for n in numbers)
    return Axis("p", "p", ("p",), levels, integer=integer)


@given(NUMBERS, st.integers(1, 9), st.sampled_from(["linear", "log"]), st.booleans(), st.data())
def test_refined_values_lie_strictly_between_the_neighbours_of_the_best(numbers, points, spacing, integer, data):
    best = data.draw(st.sampled_from(numbers))
    found = [level.number for level in axis(numbers, integer).between(best, points, spacing)]
    order = sorted(numbers)
    low, high = order[max(order.index(best) - 1, 0)], order[min(order.index(best) + 1, len(order) - 1)]
    assert all(low < number < high for number in found)
    assert set(found).isdisjoint(numbers)
    assert len(set(found)) == len(found) <= points
    assert integer or best in (low, high) or len(found) >= points - 1


def test_the_grid_of_the_notes_is_refined_as_in_the_notes(plan):
    found = plan(vary={Z: {"from": 1, "to": 100, "points": 3, "spacing": "log"}}, refine={"points": 8})
    assert [point.label for point in found.points] == ["z 1", "z 10", "z 100"]
    finer = refined(found.spec, found.axes, found.points[2])
    assert [point.settings[Z] for point in finer] == [20, 30, 40, 50, 60, 70, 80, 90]
    assert edges(found.axes, {"z": 100}) == edges(found.axes, {"z": 1}) == ["z"]
    assert edges(found.axes, {"z": 10}) == edges(found.axes, {"z": 90}) == []


def test_a_grid_holds_every_combination_once(plan):
    found = plan(vary={Z: [1, 2, 3], S: [4, 5], "model.codebook": ["shared", "per_channel"]})
    assert len({point.label for point in found.points}) == len(found.points) == found.total == 12
    assert {(p.settings[Z], p.settings[S]) for p in found.points} == {(z, s) for z in (1, 2, 3) for s in (4, 5)}


def test_one_at_a_time_changes_one_thing(plan):
    codes = {"choices": {"few": {"model.quantizer.codes": 6}, "many": {"model.quantizer.codes": 12}}}
    found = plan(method="one_at_a_time", vary={Z: [1, 2, 3], S: [4, 5], "codes": codes})
    start, *others = found.points
    assert start.label == "z 1, s 1, codes few"
    assert len(others) == 2 + 2 + 1
    for point in others:
        assert sum(point.levels[name] != level for name, level in start.levels.items()) == 1
    base = found.run(start, 0, 0).dump()
    assert base["training"]["phases"][0]["weights"] == {"x": 1, "z": 1, "s": 1, "dist": 0.8, "ce": 1}


def test_fields_that_the_run_omits_stay_at_their_default(plan):
    found = plan(method="one_at_a_time", vary={"both": {"choices": {"a": {Z: 3, S: 3}, "b": {Z: 4, S: 4}}}})
    assert [point.label for point in found.points] == [f"both {AS_IT_IS}", "both a", "both b"]
    assert found.points[0].settings == {}
    assert found.points[1].settings == {Z: 3, S: 3}


def test_paths_with_commas_change_together(plan):
    found = plan(vary={f"{Z}, {S}": [2, 3]})
    assert [point.settings for point in found.points] == [{Z: 2, S: 2}, {Z: 3, S: 3}]
    assert [point.label for point in found.points] == ["z 2", "z 3"]


@pytest.mark.parametrize("method", ["grid", "one_at_a_time"])
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_there_are_never_more_refined_points_than_slots_for_them(plan, method, data):
    numbers = {name: data.draw(NUMBERS) for name in (Z, S)}
    found = plan(method=method, vary=numbers, refine={"points": data.draw(st.integers(1, 4))})
    best = data.draw(st.sampled_from(found.points))
    finer = refined(found.spec, found.axes, best)
    assert len(finer) <= most_refined(found.spec, found.axes)
    assert not {point.label for point in finer} & {point.label for point in found.points}
