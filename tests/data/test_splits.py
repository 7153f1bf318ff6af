"""Cutting validation and test splits: disjoint, complete, whole groups, every class kept, determined by the seed."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from zoo_registry import DataError, SpecError, ZooNote

from zoo.data.splits import Cut, Draw, cut, held_out, together
from zoo.sources.raw import RawSplit


def draw(share: float = 0.25, by: str = "class", seed: int = 0) -> Draw:
    return Draw("validation", share, by, seed, "Toy")


def try_to_cut(y: np.ndarray, groups: np.ndarray | None, how: Draw) -> Cut | tuple[()]:
    """The cut, or None where it is refused."""
    with suppress(DataError):
        return cut(y, groups, how)
    return ()


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 3), min_size=8, max_size=60), st.floats(0.1, 0.7), st.integers(0, 9))
def test_a_cut_by_class_is_disjoint_complete_and_keeps_every_class(labels: list[int], share: float, seed: int) -> None:
    y = np.array(labels)
    found = try_to_cut(y, None, draw(share, seed=seed))
    assume(found)
    kept, off = found
    assert sorted([*kept, *off]) == list(range(len(y)))
    assert set(y[kept]) == set(y)
    assert len(off) == round(share * len(y))


def test_a_cut_by_class_keeps_the_shares_of_the_classes() -> None:
    y = np.repeat([0, 1, 2], [100, 40, 20])
    _, off = cut(y, None, draw(0.25))
    np.testing.assert_array_equal(np.bincount(y[off]), [25, 10, 5])


@settings(deadline=None, max_examples=40)
@given(st.data(), st.floats(0.05, 0.9), st.integers(0, 9))
def test_a_cut_by_group_never_splits_a_group(data: st.DataObject, share: float, seed: int) -> None:
    groups = np.array(data.draw(st.lists(st.integers(0, 7), min_size=12, max_size=60)))
    y = np.array(data.draw(st.lists(st.integers(0, 2), min_size=len(groups), max_size=len(groups))))
    found = try_to_cut(y, groups, draw(share, "subject", seed))
    assume(found)
    kept, off = found
    assert sorted([*kept, *off]) == list(range(len(y)))
    assert not set(groups[kept]) & set(groups[off])
    assert set(y[kept]) == set(y)
    assert len(off)


def test_cuts_by_group_are_near_the_share_with_every_class_on_both_sides() -> None:
    groups = np.repeat(np.arange(40), 5)
    y = np.tile([0, 1, 1, 2, 2], 40)
    kept, off = cut(y, groups, draw(0.2, "group"))
    assert len(off) == 40
    assert set(y[kept]) == set(y[off]) == {0, 1, 2}


@pytest.mark.parametrize("groups", [None, np.repeat(np.arange(20), 3)])
def test_a_cut_depends_only_on_its_seed(groups: np.ndarray | None) -> None:
    y = np.tile([0, 1, 2], 20)
    once, again, other = (cut(y, groups, draw(seed=seed))[1] for seed in (1, 1, 2))
    np.testing.assert_array_equal(once, again)
    assert not np.array_equal(once, other)


def test_the_only_window_of_a_class_stays_in_training() -> None:
    y = np.array([0] * 10 + [1] * 10 + [2])
    for seed in range(5):
        kept, _ = cut(y, None, draw(seed=seed))
        assert 2 in y[kept]


def test_a_class_of_one_subject_alone_cannot_be_cut_by_subject() -> None:
    y = np.repeat([0, 1, 2, 3], 5)
    with pytest.raises(DataError, match=r"every class in training.*split\.by to \"class\""):
        cut(y, y, draw(0.25, "subject"))


def test_a_single_group_cannot_be_cut() -> None:
    with pytest.raises(DataError, match="at least two subjects"):
        cut(np.array([0, 1] * 5), np.zeros(10, dtype=np.intp), draw(by="subject"))


def test_too_few_windows_for_the_classes_are_refused() -> None:
    with pytest.raises(DataError, match="a window of every class"):
        cut(np.repeat(np.arange(6), 2), None, draw(0.2))


def test_auto_prefers_groups_to_subjects_to_windows() -> None:
    x, y = np.zeros((4, 1, 2)), np.array([0, 1, 0, 1])
    names, trials = np.array(["b", "b", "a", "a"]), np.array([7, 8, 7, 8])
    by, groups = together("auto", RawSplit("Toy", x, y, names, trials))
    assert (by, list(groups)) == ("group", [0, 1, 0, 1])
    by, groups = together("auto", RawSplit("Toy", x, y, names))
    assert (by, list(groups)) == ("subject", [1, 1, 0, 0])
    assert together("auto", RawSplit("Toy", x, y)) == ("class", None)
    assert together("class", RawSplit("Toy", x, y, names, trials)) == ("class", None)
    with pytest.raises(DataError, match="a known group"):
        together("group", RawSplit("Toy", x, y, names))


PEOPLE = RawSplit(
    "Toy", np.zeros((9, 1, 4)), np.array([0, 1, 0, 1, 0, 1, 0, 1, 2]), np.array([7, 7, 8, 8, 9, 9, 9, 9, 9])
)


def test_held_out_subjects_are_the_test_split_and_nobody_else_is() -> None:
    rest, test = held_out(PEOPLE, ["8"], ["a", "b", "c"])
    assert test.tolist() == [2, 3]
    assert rest.tolist() == [0, 1, 4, 5, 6, 7, 8]


def test_a_class_that_only_held_out_subjects_have_is_counted_in_a_note() -> None:
    with pytest.warns(ZooNote, match="nobody else does c: 1 test windows of it cannot be recognised"):
        rest, test = held_out(PEOPLE, ["9"], ["a", "b", "c"])
    assert (len(rest), len(test)) == (4, 5)


def test_subjects_that_cannot_be_held_out_are_refused() -> None:
    with pytest.raises(SpecError, match=r"data\.split\.hold_out: expected subjects of Toy, found '10'"):
        held_out(PEOPLE, ["10"], ["a", "b", "c"])
    with pytest.raises(DataError, match="expected someone left to train on"):
        held_out(PEOPLE, ["7", "8", "9"], ["a", "b", "c"])
    with pytest.raises(DataError, match="expected a known subject for every window"):
        held_out(RawSplit("Toy", PEOPLE.x, PEOPLE.y), ["8"], ["a", "b", "c"])


def test_many_units_are_cut_at_random_with_their_class_shares():
    units, y = np.repeat(np.arange(12_000), 2), np.repeat(np.arange(12_000) % 10 // 7, 2)
    kept, off = cut(y, units, draw(0.2, "group", 3))
    assert not np.isin(units[off], units[kept]).any()
    assert len(off) == 0.2 * len(y)
    assert y[off].mean() == pytest.approx(y.mean(), abs=0.02)
    np.testing.assert_array_equal(cut(y, units, draw(0.2, "group", 3))[1], off)
