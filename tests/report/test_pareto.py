"""Runs that no other run dominates."""

from hypothesis import given
from hypothesis import strategies as st

from zoo.report.pareto import Place, dominated

VALUE = st.none() | st.integers(0, 4).map(float)
PLACES = st.lists(st.builds(Place, st.just("run"), VALUE, VALUE, VALUE), max_size=8)


@given(PLACES)
def test_every_dominated_run_is_dominated_by_one_on_the_front(places):
    beaten = dominated(places)
    front = [place.merits() for place, worse in zip(places, beaten, strict=True) if not worse]
    for place, worse in zip(places, beaten, strict=True):
        own = place.merits()
        better = [other for other in front if other != own and all(a >= b for a, b in zip(other, own, strict=True))]
        known = any(part is not None for part in place[1:])
        assert worse == (bool(better) and known)


def test_a_lower_error_is_better():
    assert dominated([Place("a", 0.5, 0.5, 1.0), Place("b", 0.5, 0.5, 2.0)]) == [False, True]
    assert dominated([Place("a", 0.5, 0.5, 1.0), Place("b", 0.5, 0.5, 1.0)]) == [False, False]
