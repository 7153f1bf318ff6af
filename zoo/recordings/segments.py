"""Parts of a recording: consecutive samples within a time span, without a gap."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from zoo_registry import Block, Recording

Values = NDArray[np.float64]

_EARLY = 1e-6
"""Seconds by which a sample may precede the start of a span: rounding of times."""


class TimeSpan(NamedTuple):
    """Seconds after the start of a recording, and the ``number`` of what happened then, such as a bout."""

    start: float
    end: float
    number: int


class Segment(NamedTuple):
    """Consecutive samples of one span: ``time (t)`` in seconds, ``x (c t)``, and ``temperature (t)`` if it is known.

    The first ``lead`` samples end the segment before it too, and the last ``trail`` start the one after it; both are 0
    unless a long segment was divided.
    """

    span: int
    time: Values
    x: Values
    temperature: Values | None
    lead: int = 0
    trail: int = 0


class Division(NamedTuple):
    """How long segments are divided: every ``advance`` samples, each with ``before`` samples of the one before it and
    ``after`` of the one after it; ``before`` is at most ``advance``."""

    advance: int
    before: int
    after: int


def without(spans: Sequence[TimeSpan], removed: Sequence[tuple[float, float]]) -> list[TimeSpan]:
    """The parts of ``spans`` that lie in none of the intervals ``removed``; both are sorted and do not overlap."""
    found = []
    for span in spans:
        start = span.start
        for first, last in removed:
            if last <= start or first >= span.end:
                continue
            if first > start:
                found.append(span._replace(start=start, end=first))
            start = last
        if start < span.end:
            found.append(span._replace(start=start))
    return found


def segments(recording: Recording, spans: Sequence[TimeSpan], division: Division | None = None) -> Iterator[Segment]:
    """The samples of ``recording`` within ``spans``, which are sorted and do not overlap; one segment is in memory.

    A span starts at its first sample and ends before the first sample at or after its end; a gap divides it, and so
    does ``division``.
    """
    held: list[Segment] = []
    samples = lead = 0
    for begins, part in _parts(recording, spans):
        if begins:
            yield from _joined(held, lead)
            held, samples, lead = [], 0, 0
        held.append(part)
        samples += len(part.time)
        while division is not None and samples > lead + division.advance + division.after:
            (whole,) = _joined(held, lead)
            end = lead + division.advance
            yield _cut(whole, 0, end + division.after)._replace(trail=division.after)
            held, lead = [_cut(whole, end - division.before, samples)], division.before
            samples -= end - division.before
    yield from _joined(held, lead)


def _parts(recording: Recording, spans: Sequence[TimeSpan]) -> Iterator[tuple[bool, Segment]]:
    """The samples of ``spans``, block by block, and whether each starts a new segment."""
    edges = np.array([edge for span in spans for edge in (span.start, span.end)]) - _EARLY
    place = -1
    for block in recording.blocks():
        cuts = np.searchsorted(block.time, edges)
        bounds = np.unique(np.clip([0, *cuts, len(block.time)], 0, len(block.time)))
        for first, last in pairwise(bounds):
            here = int(np.searchsorted(edges, block.time[first], side="right")) - 1
            if here % 2 == 0:  # between a start and its end
                begins = here != place or (first == 0 and not block.continues)
                yield begins, _part(block, spans[here // 2].number, slice(int(first), int(last)))
            place = here


def _cut(segment: Segment, first: int, last: int) -> Segment:
    temperature = None if segment.temperature is None else segment.temperature[first:last]
    return segment._replace(time=segment.time[first:last], x=segment.x[:, first:last], temperature=temperature)


def _part(block: Block, number: int, rows: slice) -> Segment:
    temperature = block.side.get("temperature")
    return Segment(number, block.time[rows], block.x[:, rows], None if temperature is None else temperature[rows])


def _joined(parts: Sequence[Segment], lead: int) -> Iterator[Segment]:
    if not parts:
        return
    known = [part.temperature for part in parts if part.temperature is not None]
    yield Segment(
        span=parts[0].span,
        time=np.concatenate([part.time for part in parts]),
        x=np.concatenate([part.x for part in parts], axis=1),
        temperature=np.concatenate(known) if len(known) == len(parts) else None,
        lead=lead,
    )
