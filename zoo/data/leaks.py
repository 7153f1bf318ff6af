"""Leaked windows, which are fully or partly in two splits, found by comparing hashes taken while reading."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zoo.data.digest import comparable, digest
from zoo.data.overlaps import Hashes, Rows, sharing
from zoo.sources.raw import Array

Digests = NDArray[np.uint64]
"""One hash per window, equal for equal windows; 0 for windows that are not compared."""


class Leaks(NamedTuple):
    """Windows of ``test`` that are in training or validation too, and of ``validation`` that are in training too.

    ``test_overlaps`` and ``validation_overlaps`` count further windows that share a run of samples with such a window.
    """

    test: int
    validation: int
    test_overlaps: int = 0
    validation_overlaps: int = 0


class Prints(NamedTuple):
    """Hashes that identify the windows of a stored split: a digest of each, and hashes of some of its runs."""

    digests: Digests
    runs: Hashes


def digests_of(block: Array) -> Digests:
    """Digests `(b)` of windows `(b c t)`, equal for equal values in any stored type.

    Constant windows get 0: a device at rest or switched off repeats them, and there is nothing in them to memorise.
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
    """The sentence about test windows, of ``windows``, that are also in an earlier split."""
    return (
        f"{found.test} of {windows} test windows are also in training or validation, value for value: "
        "scores count windows that were used in training"
    )


def sentence_on_validation(found: Leaks, windows: int) -> str:
    """The same for the validation split."""
    return (
        f"{found.validation} of {windows} validation windows are also in training, value for value: "
        "weights are selected on windows that were used in training"
    )


def sentence_on_overlaps(count: int, windows: int, split: str) -> str:
    """The sentence about ``count`` of the ``windows`` of a split that share a run with windows of an earlier one."""
    return (
        f"{count} of {windows} {split} windows overlap windows of an earlier split, as neighbours in one recording do: "
        "scores count stretches that were used in training"
    )


def leak_sentences(found: Leaks, test: int, validation: int) -> list[str]:
    """One sentence for each kind of leak from an earlier split into the ``test`` or ``validation`` windows."""
    counts = {
        sentence_on_test(found, test): found.test,
        sentence_on_overlaps(found.test_overlaps, test, "test"): found.test_overlaps,
        sentence_on_validation(found, validation): found.validation,
        sentence_on_overlaps(found.validation_overlaps, validation, "validation"): found.validation_overlaps,
    }
    return [sentence for sentence, count in counts.items() if count]


def _known(found: Prints, rows: Rows, earlier: Prints, others: Rows) -> tuple[int, int]:
    """How many windows ``rows`` of ``found`` are among ``others`` of ``earlier``, and how many more share a run."""
    digests = found.digests[rows]
    same = (digests != 0) & np.isin(digests, earlier.digests[others])
    in_part = sharing(found.runs, rows, earlier.runs, others)
    return int(same.sum()), int((in_part & ~same).sum())
