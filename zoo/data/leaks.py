"""Windows that are in two splits: a digest of each, taken as it is read, compared across splits."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zoo.data.digest import comparable, digest
from zoo.data.raw import Array

Digests = NDArray[np.uint64]
"""One number a window, equal for equal windows; 0 for windows that are not compared."""


class Leaks(NamedTuple):
    """Windows of ``test`` that are in training or validation too, and of ``validation`` that are in training too."""

    test: int
    validation: int


def digests_of(block: Array) -> Digests:
    """Digests `(b)` of windows `(b c t)`, equal for equal values in whatever type they are stored.

    Windows that never change get 0: a device that lies still or is switched off repeats itself, and no model learns a
    window by heart that holds nothing.
    """
    values = comparable(block)
    moves = (np.fmax.reduce(values, axis=2) > np.fmin.reduce(values, axis=2)).any(1)
    return np.array([digest(window) if moving else 0 for window, moving in zip(values, moves, strict=True)], np.uint64)


def leaks(train: Digests, validation: Digests, test: Digests) -> Leaks:
    """What of the splits with these digests is in an earlier one too."""
    return Leaks(_known(test, [train, validation]), _known(validation, [train]))


def leaks_between(train: Digests, test: Digests | None, cuts: Sequence[NDArray[np.intp]]) -> Leaks:
    """Leaks between the splits that ``cuts`` take from the stored splits; without ``test`` all come from ``train``."""
    learned, held_out, judged = cuts
    return leaks(train[learned], train[held_out], (train if test is None else test)[judged])


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


def leak_sentences(found: Leaks, test: int, validation: int) -> list[str]:
    """A sentence for each of ``test`` and ``validation`` windows that holds some of an earlier split; none for none."""
    said = [sentence_on_test(found, test)] if found.test else []
    return said + ([sentence_on_validation(found, validation)] if found.validation else [])


def _known(found: Digests, earlier: Sequence[Digests]) -> int:
    known = np.concatenate(earlier)
    return int(np.isin(found[found != 0], known).sum())
