"""Windows that are in two splits, whole or in part: prints of each, taken as it is read, compared across splits."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zoo.data.digest import comparable, digest
from zoo.data.overlaps import Hashes, Rows, sharing
from zoo.data.raw import Array

Digests = NDArray[np.uint64]
"""One number a window, equal for equal windows; 0 for windows that are not compared."""


class Leaks(NamedTuple):
    """Windows of ``test`` that are in training or validation too, and of ``validation`` that are in training too.

    ``test_overlaps`` and ``validation_overlaps`` are further ones that share a stretch of samples with such a window.
    """

    test: int
    validation: int
    test_overlaps: int = 0
    validation_overlaps: int = 0


class Prints(NamedTuple):
    """What is kept of the windows of a stored split to recognise them: a digest, and hashes of some runs of each."""

    digests: Digests
    runs: Hashes


def digests_of(block: Array) -> Digests:
    """Digests `(b)` of windows `(b c t)`, equal for equal values in whatever type they are stored.

    Windows that never change get 0: a device that lies still or is switched off repeats itself, and no model learns a
    window by heart that holds nothing.
    """
    values = comparable(block)
    moves = (np.fmax.reduce(values, axis=2) > np.fmin.reduce(values, axis=2)).any(1)
    return np.array([digest(window) if moving else 0 for window, moving in zip(values, moves, strict=True)], np.uint64)


def leaks_between(train: Prints, test: Prints | None, cuts: Sequence[Rows]) -> Leaks:
    """Leaks between the splits that ``cuts`` take from the stored splits; without ``test`` all come from ``train``."""
    learned, held_out, judged = cuts
    equal, overlapping = _known(train if test is None else test, judged, train, np.concatenate([learned, held_out]))
    equal_validation, overlapping_validation = _known(train, held_out, train, learned)
    return Leaks(equal, equal_validation, overlapping, overlapping_validation)


def sentence_on_test(found: Leaks, windows: int) -> str:
    """What it means that some of the ``windows`` of the test split are in an earlier one."""
    return (
        f"{found.test} of {windows} test windows are also in training or validation, value for value: "
        "scores count windows that training has seen"
    )


def sentence_on_validation(found: Leaks, windows: int) -> str:
    """The same of the validation split."""
    return (
        f"{found.validation} of {windows} validation windows are also in training, value for value: "
        "what is chosen on validation is chosen on windows that training has seen"
    )


def sentence_on_overlaps(count: int, windows: int, split: str) -> str:
    """What it means that ``count`` of the ``windows`` of a split share a stretch with windows of an earlier one."""
    return (
        f"{count} of {windows} {split} windows overlap windows of an earlier split, as neighbours in one recording do: "
        "scores count stretches that training has seen"
    )


def leak_sentences(found: Leaks, test: int, validation: int) -> list[str]:
    """A sentence for each way in which ``test`` or ``validation`` windows hold some of an earlier split."""
    said = {
        sentence_on_test(found, test): found.test,
        sentence_on_overlaps(found.test_overlaps, test, "test"): found.test_overlaps,
        sentence_on_validation(found, validation): found.validation,
        sentence_on_overlaps(found.validation_overlaps, validation, "validation"): found.validation_overlaps,
    }
    return [sentence for sentence, count in said.items() if count]


def _known(found: Prints, rows: Rows, earlier: Prints, others: Rows) -> tuple[int, int]:
    """How many windows ``rows`` of ``found`` are among ``others`` of ``earlier``, and how many more share a stretch."""
    digests = found.digests[rows]
    same = (digests != 0) & np.isin(digests, earlier.digests[others])
    in_part = sharing(found.runs, rows, earlier.runs, others)
    return int(same.sum()), int((in_part & ~same).sum())
