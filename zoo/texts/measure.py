"""What the words of a data set say without any training: similar actions and classes, and whether an action tells its
class."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zoo.texts.actions import Actions

Rows = NDArray[np.float64]
Gram = NDArray[np.float64]
_TIE = 1e-12


class Grams(NamedTuple):
    """Cosines between all rows, and between all rows less the mean of the actions: vectors of language models have a
    large mean in common, which makes all their plain cosines large."""

    plain: Gram
    centred: Gram


class Probe(NamedTuple):
    """How many of ``total`` actions are nearest to a class that has them; ``chance`` is the share of a random class."""

    correct: float
    total: int
    chance: float

    @property
    def share(self) -> float:
        """Share of the actions that name their class; 0 if there are none to try."""
        return self.correct / self.total if self.total else 0.0


def action_grams(rows: Rows) -> Grams:
    """Cosines between actions ``rows (n d)``."""
    return Grams(_cosines(rows), _cosines(rows - rows.mean(0)))


def class_grams(actions: Actions, rows: Rows) -> Grams:
    """Cosines between classes, `(k k)`, each the mean of the rows of its actions."""
    weights = _shares(actions)
    return Grams(_cosines(weights @ rows), _cosines(weights @ (rows - rows.mean(0))))


def nearest_classes(gram: Gram) -> NDArray[np.int64]:
    """The most similar other class of each class `(k)`, the first of equal ones; its own number if it is alone."""
    others = gram - np.diag(np.full(len(gram), np.inf))
    return np.asarray(others.argmax(1), np.int64)


def shared_actions(actions: Actions) -> NDArray[np.int64]:
    """Number of actions that two classes have in common, `(k k)`; their own number on the diagonal."""
    has = (_shares(actions) > 0).astype(np.int64)
    return has @ has.T


def similar_pairs(gram: Gram, threshold: float) -> list[tuple[int, int]]:
    """Pairs of different rows whose cosine is at least ``threshold``, the most similar first."""
    one, other = np.triu_indices(len(gram), 1)
    keep = np.flatnonzero(gram[one, other] >= threshold)
    order = keep[np.argsort(-gram[one[keep], other[keep]], kind="stable")]
    return [(int(one[pair]), int(other[pair])) for pair in order]


def probe(actions: Actions, rows: Rows) -> Probe:
    """Leave each action out of all classes that have it, and find the class with the nearest mean of the rest.

    It is correct if that class has the action; a tie counts by the share of its classes that have it. Actions that are
    all of a class are not tried.
    """
    counts = _counts(actions)
    sums, sizes = counts @ rows, counts.sum(1)
    lengths = np.linalg.norm(rows, axis=1)
    correct, chances = 0.0, []
    for number, row in enumerate(rows):
        left = sizes - counts[:, number]
        if not left.all():
            continue
        rest = (sums - counts[:, number, None] * row) / left[:, None]
        scale = np.linalg.norm(rest, axis=1) * lengths[number]
        cosines = np.divide(rest @ row, scale, out=np.zeros(len(rest)), where=scale > _TIE)
        best, own = cosines >= cosines.max() - _TIE, counts[:, number] > 0
        correct += float((best & own).sum() / best.sum())
        chances.append(float(own.mean()))
    return Probe(correct, len(chances), float(np.mean(chances)) if chances else 0.0)


def _counts(actions: Actions) -> NDArray[np.float64]:
    """How often each class has each distinct action, `(k n)`."""
    found = np.zeros((len(actions.classes), len(actions.distinct)))
    for row, numbers in zip(found, actions.numbers.values(), strict=True):
        np.add.at(row, list(numbers), 1)
    return found


def _shares(actions: Actions) -> NDArray[np.float64]:
    counts = _counts(actions)
    found: NDArray[np.float64] = counts / counts.sum(1, keepdims=True)
    return found


def _cosines(rows: Rows) -> Gram:
    """Cosines between ``rows (n d)``; 0 for a row without a direction."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    units = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > _TIE)
    found: Gram = units @ units.T
    return found
