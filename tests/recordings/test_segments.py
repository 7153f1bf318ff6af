"""Segments hold exactly the samples of their span, in any blocks, and never cross a gap."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from made import MadeRecording

from zoo.recordings.segments import TimeSpan, segments, without

EDGES = st.lists(st.integers(0, 60), unique=True, max_size=8).map(sorted)


def spans_of(edges, touching=False):
    """Spans with time between them, or each starting at the end of the one before."""
    pairs = pairwise(edges) if touching else zip(edges[::2], edges[1::2], strict=False)
    return [TimeSpan(first / 4, last / 4, number) for number, (first, last) in enumerate(pairs)]


@given(EDGES, st.booleans(), st.sets(st.integers(1, 149), max_size=6), st.sets(st.integers(1, 149), max_size=3))
def test_segments_are_the_samples_of_their_spans_between_gaps(edges, touching, cuts, gaps):
    """Every sample by itself: in the span that holds its time, and in a new segment after a gap."""
    time = np.arange(150) / 10 + 0.35 * np.isin(np.arange(150), sorted(gaps)).cumsum()
    spans = spans_of(edges, touching)
    found = list(segments(MadeRecording(time, np.arange(150.0)[None], cuts=sorted(cuts)), spans))
    expected: list[tuple[int, list[int]]] = []
    for sample, at in enumerate(time):
        inside = [span.number for span in spans if span.start - 1e-6 <= at < span.end - 1e-6]
        if not inside:
            continue
        if expected and expected[-1][0] == inside[0] and expected[-1][1][-1] == sample - 1 and sample not in gaps:
            expected[-1][1].append(sample)
        else:
            expected.append((inside[0], [sample]))
    assert [(one.span, one.x[0].astype(int).tolist()) for one in found] == expected
    assert all(np.array_equal(one.time, time[one.x[0].astype(int)]) for one in found)


@given(EDGES, EDGES)
def test_what_is_left_of_spans_is_in_them_and_not_in_what_is_removed(edges, others):
    spans, removed = spans_of(edges), [(span.start, span.end) for span in spans_of(others)]
    left = without(spans, removed)
    for middle in np.arange(0.125, 15, 0.25):
        wanted = [s.number for s in spans if s.start < middle < s.end and not any(a < middle < b for a, b in removed)]
        assert [s.number for s in left if s.start < middle < s.end] == wanted
