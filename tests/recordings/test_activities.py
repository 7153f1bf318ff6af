"""Recordings that hold their own labels give bouts, whatever their blocks are."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import MadeRecording
from zoo_registry import Block, DataError, RecordingReader

from zoo.recordings.activities import Activities
from zoo.recordings.bouts import Bout
from zoo.recordings.survey import survey
from zoo.recordings.windows import Cut, pieces, spans_of
from zoo.testing import check_recording

NAMES = {1: "walk", 2: "sit"}


class LabelledRecording(MadeRecording):
    """One axis at 10 Hz that is the number of the activity itself."""

    def __init__(self, numbers, time=None, cuts=()):
        numbers = np.asarray(numbers, float)
        super().__init__(np.arange(len(numbers)) / 10 if time is None else time, numbers[None], cuts=cuts)
        self.about = replace(self.about, side={"activity": "number"}, activities=NAMES)

    def blocks(self) -> Iterator[Block]:
        return (block._replace(side={"activity": block.x[0]}) for block in super().blocks())


def bouts_of(recording):
    found = Activities(recording)
    survey(recording, [found])
    return found.bouts("made.bin")


@given(st.lists(st.integers(0, 2), min_size=1, max_size=30), st.sets(st.integers(1, 29)))
def test_bouts_are_the_runs_of_named_activities(numbers, cuts):
    expected, first = [], 0
    for number, run in groupby(numbers):
        last = first + len(list(run))
        expected += [(first / 10, last / 10, NAMES[number])] if number else []
        first = last
    recording = LabelledRecording(numbers, cuts=[cut for cut in cuts if cut < len(numbers)])
    if not expected:
        with pytest.raises(DataError, match=r"made.bin: expected one of the activities 1, 2, found 0 only"):
            bouts_of(recording)
        return
    found = bouts_of(recording)
    assert [bout.label for bout in found] == [label for *_, label in expected]
    assert np.array([bout[1:3] for bout in found]) == pytest.approx(np.array([bout[:2] for bout in expected]))
    assert [bout.place for bout in found] == [f"made.bin, bout {n + 1}" for n in range(len(expected))]
    assert {(bout.recording, bout.subject) for bout in found} == {("made.bin", "P01")}


@given(st.lists(st.integers(0, 2), min_size=4, max_size=30), st.integers(1, 3), st.integers(1, 4))
def test_every_sample_of_a_window_has_the_activity_of_its_bout(numbers, size, step):
    recording = LabelledRecording([*numbers, 1])
    bouts = bouts_of(recording)
    found = list(pieces(recording, spans_of(bouts, 0), Cut(size / 10, step / 10), lambda segment: segment.x))
    assert all(NAMES[int(value)] == bouts[piece.span].label for piece in found for value in piece.x.ravel())
    runs = [len(list(run)) for number, run in groupby([*numbers, 1]) if number]
    assert sum(len(piece.x) for piece in found) == sum(len(range(0, run - size + 1, step)) for run in runs)


def test_a_gap_is_part_of_the_bout_around_it_and_not_of_one_before_it():
    recording = LabelledRecording([1, 1, 1, 2], time=[0, 0.1, 5, 9])
    assert bouts_of(recording) == [
        Bout("made.bin", 0.0, pytest.approx(5.1), "walk", "P01", "made.bin, bout 1"),
        Bout("made.bin", 9.0, pytest.approx(9.1), "sit", "P01", "made.bin, bout 2"),
    ]


def test_a_sample_that_comes_early_ends_the_bout_before():
    """Bouts never overlap."""
    walk, sit = bouts_of(LabelledRecording([1, 1, 2], time=[0, 0.1, 0.18]))
    assert walk.end == sit.start == 0.18


def test_a_recording_without_labels_is_refused():
    with pytest.raises(DataError, match="expected a recording that holds its own labels, found none; name a table"):
        Activities(MadeRecording([0, 0.1], np.zeros((3, 2))))


@pytest.mark.parametrize(
    ("side", "numbers", "words"),
    [({"activity": "number"}, [1, 0], ""), ({"activity": "number"}, [1, 0.5], "no whole number"), ({}, [], "without")],
)
def test_readers_are_held_to_activities(tmp_path, side, numbers, words):
    class Reader(RecordingReader):
        """Any."""

        suffixes = ()

        def claims(self, first):
            return first == b"mine"

        def open(self, path):
            recording = LabelledRecording(numbers)
            recording.path, recording.about = path, replace(recording.about, side=side)
            return recording

    file = tmp_path / "file"
    file.write_bytes(b"mine")
    if not words:
        check_recording(Reader(), file)
        return
    with pytest.raises(AssertionError, match=words):
        check_recording(Reader(), file)
