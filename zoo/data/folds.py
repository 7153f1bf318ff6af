"""Folds of a training split: units that are never divided, class shares kept as far as possible."""

import warnings
from dataclasses import replace
from hashlib import sha256
from typing import Literal, NamedTuple, get_args

import numpy as np
from zoo_registry import DataError, SpecError
from zoo_registry.explain import unknown

from zoo.data.split import DataSet, Rows, Split
from zoo.data.statistics import channel_statistics
from zoo.sources.raw import Labels

Unit = Literal["subject", "group", "class"]
_USUAL = 5
_MANY = 10_000
"""Units of which a random part has the class shares of the whole; balancing so many one by one takes seconds."""


class Folding(NamedTuple):
    """What stays together in folds, and their number; None = five, or one per unit if there are fewer.

    The unit `class` keeps only class shares; every window is independent.
    """

    unit: Unit
    number: int | None = None

    @classmethod
    def parse(cls, text: str) -> "Folding":
        """The folding written as UNIT or UNIT:N; raises SpecError for other text."""
        unit, colon, count = text.partition(":")
        if unit not in get_args(Unit):
            raise unknown("--folds", "subject, group or class", unit, list(get_args(Unit)), "write it like subject:5")
        if colon and not (count.isascii() and count.isdecimal() and int(count) > 1):
            raise SpecError("--folds", "a number of folds, 2 or more", repr(count), f"write it like {unit}:5")
        return cls(unit, int(count) if colon else None)  # type: ignore[arg-type]  # one of the units, as checked above

    def __str__(self) -> str:
        return self.unit if self.number is None else f"{self.unit}:{self.number}"


def stratified(y: Labels, units: Rows | None, number: int, seed: int) -> Rows:
    """Fold of each window `(n)`, with class shares as equal as possible; windows of one of ``units`` share a fold.

    With few units a fold may be empty. ``number`` is at most the number of units and of windows of the largest class.
    """
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold, StratifiedKFold

    many = units is not None and len(np.unique(units)) > _MANY
    folding = StratifiedKFold if units is None else GroupKFold if many else StratifiedGroupKFold
    found = np.empty(len(y), dtype=np.intp)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about classes rarer than folds
        for fold, (_, off) in enumerate(folding(number, shuffle=True, random_state=seed).split(y, y, units)):
            found[off] = fold
    return found


def cut_folds(train: Split, folding: Folding, seed: int) -> Rows:
    """Fold of each training window `(n)`, none of them empty; equal arguments give equal folds.

    Raises DataError if the unit is not known for these data, or if there are fewer units than folds.
    """
    from sklearn.model_selection import GroupKFold

    units = _units(train, folding.unit)
    number = _number(train, units, folding)
    found = stratified(train.y, units, number, seed)
    if units is not None and len(np.unique(found)) < number:
        parts = GroupKFold(number, shuffle=True, random_state=seed).split(found, groups=units)
        for fold, (_, off) in enumerate(parts):
            found[off] = fold
    return found


def without_fold(data: DataSet, folds: Rows, fold: int) -> DataSet:
    """``data`` whose training split lacks the windows of ``fold``, with the statistics and fingerprint of the rest.

    Validation, test, and the counts of shared subjects and leaks are those of ``data``.
    """
    rows = np.flatnonzero(folds != fold)
    rest = data.train.take(rows)
    mean, std = channel_statistics(rest)
    marked = [_marked(text, rows) for text in (data.fingerprint, data.stored_fingerprint)]
    return replace(data, train=rest, mean=mean, std=std, fingerprint=marked[0], stored_fingerprint=marked[1])


def _units(train: Split, unit: Unit) -> Rows | None:
    if unit == "class":
        return None
    stays = train.group if unit == "group" else train.subject
    if stays is None:
        others = [other for other, known in (("subject", train.subject), ("group", train.group)) if known is not None]
        hint = f"fold by {' or '.join([*others, 'class'])}, or name the {unit} files in data.source"
        raise DataError(f"--folds {unit}", f"a known {unit} for every training window", "none", hint)
    return np.unique(stays, return_inverse=True)[1]


def _number(train: Split, units: Rows | None, folding: Folding) -> int:
    where = f"--folds {folding}"
    count = len(train) if units is None else len(np.unique(units))
    name = "window" if units is None else folding.unit
    if count < 2:
        hint = "take more data" if units is None else "fold by another unit: subject, group or class"
        raise DataError(where, f"two {name}s or more in the training split", str(count), hint)
    largest = int(np.bincount(train.y).max())
    most = min(count, largest)
    if most < 2:
        raise DataError(where, "a class with two training windows or more", "one of each at most", "take more data")
    if folding.number is not None and folding.number > most:
        expected = f"at most {most} folds, "
        expected += f"one per {name}" if most == count else "as many as windows of the largest class"
        raise DataError(where, expected, str(folding.number), f"write --folds {folding.unit}:{most}")
    return min(most, _USUAL) if folding.number is None else folding.number


def _marked(fingerprint: str, rows: Rows) -> str:
    """The fingerprint of data of which only the training windows at ``rows`` are kept."""
    return sha256(fingerprint.encode() + rows.astype(np.int64).tobytes()).hexdigest()
