"""Fields in which specs differ."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoo.specs.differences import differences, first_difference

PLAIN = st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3)
DATA = st.dictionaries(
    st.sampled_from("abcd"),
    st.recursive(PLAIN, lambda part: st.lists(part, max_size=3) | st.dictionaries(st.sampled_from("abc"), part)),
)


@given(DATA)
def test_a_spec_does_not_differ_from_itself(spec):
    assert differences([spec, json.loads(json.dumps(spec))]) == []


@given(DATA, DATA)
def test_swapping_the_specs_swaps_the_values(one, other):
    there = {row.field: row.values for row in differences([one, other])}
    back = {row.field: row.values[::-1] for row in differences([other, one])}
    assert there == back


def test_paths_consist_of_names_and_positions():
    one = {"name": "a", "training": {"phases": [{"weights": {"x": 1.0, "s": 5.0}}], "betas": [1, 2]}}
    other = {"name": "b", "training": {"phases": [{"weights": {"x": 2.0}}], "betas": [1, 3]}}
    found = {row.field: row.values for row in differences([one, other], apart=["name"])}
    assert found == {
        "training.phases.0.weights.x": (1.0, 2.0),
        "training.phases.0.weights.s": (5.0, None),
        "training.betas": ([1, 2], [1, 3]),
    }


@given(DATA, DATA)
def test_the_first_difference_is_the_first_of_all(one, other):
    found = differences([one, other])
    assert first_difference(one, other) == (found[0] if found else None)
    assert first_difference(one, other, [row.field for row in found]) is None


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, "a.0.b"),
        ({"a": [{"b": 1}]}, {"a": [{"b": 1}, {"b": 2}]}, "a.1.b"),
        ({"a": None}, {"a": {"b": 1}}, "a.b"),
        ({"a": {}}, {"a": None}, "a"),
        ({"a": {}}, {"a": {"b": 1}}, "a.b"),
        ({"a": []}, {"a": [{"b": 1}]}, "a.0.b"),
        ({"a": {"b": 1}}, {"a": 1}, "a"),
        ({"a": [1, 2]}, {"a": [1]}, "a"),
        ({"a": None}, {}, None),
        ({"a": {"codes": 8, "kind": "b.c"}}, {}, "a.kind"),
    ],
)
def test_a_difference_is_named_as_deep_as_both_specs_go(old, new, field):
    found = first_difference(old, new)
    assert (found.field if found else None) == field


def test_a_component_that_one_spec_lacks_is_one_difference_unless_others_differ_in_it():
    one, other = ({"quantizer": {"kind": "q.a", "codes": codes, "decay": 0.9}} for codes in (8, 16))
    assert [row.field for row in differences([one, {}])] == ["quantizer.kind"]
    assert [row.field for row in differences([one, {}, other])] == ["quantizer.kind", "quantizer.codes"]
