"""Split off a share of the windows: whole groups if these must stay together, with class shares kept as far as
possible."""

import warnings
from collections.abc import Sequence
from fractions import Fraction
from typing import Literal, NamedTuple

import numpy as np
from zoo_registry import DataError, ZooNote
from zoo_registry.explain import unknown

from zoo.data.folds import stratified
from zoo.data.split import Rows
from zoo.sources.raw import Labels, RawSplit

_MOST_FOLDS = 20
Cut = tuple[Rows, Rows]


class Draw(NamedTuple):
    """Name and share of the part to split off, what stays together (`group`, `subject` or `class`), and the data's
    location."""

    part: Literal["validation", "test"]
    share: float
    by: str
    seed: int
    where: str


def together(by: Literal["auto", "subject", "group", "class"], split: RawSplit) -> tuple[str, Rows | None]:
    """The unit that stays together, with `auto` resolved to the first known one, and each window's index of that unit.

    Raises DataError if subjects or groups are requested but unknown.
    """
    if by == "auto":
        by = "group" if split.group is not None else "subject" if split.subject is not None else "class"
    if by == "class":
        return by, None
    stays = split.group if by == "group" else split.subject
    if stays is None:
        hint = f'name the {by} files in data.source, or set data.split.by to "auto"'
        raise DataError(split.where, f"a known {by} for every window", "none", hint)
    return by, np.unique(stays, return_inverse=True)[1]


def held_out(split: RawSplit, subjects: Sequence[str], classes: Sequence[str]) -> Cut:
    """Rows of all other subjects, and those of ``subjects``.

    A class that only ``subjects`` have stays in the test split, with a ZooNote: no model can know it. Raises DataError
    for unknown subjects, and if nobody is left to train on.
    """
    if split.subject is None:
        hint = "name the subject files in data.source"
        raise DataError(split.where, "a known subject for every window, for data.split.hold_out", "none", hint)
    names = split.subject.astype(str)
    known = np.unique(names).tolist()
    for name in subjects:
        if name not in known:
            raise unknown("data.split.hold_out", f"subjects of {split.where}", name, known, "`zoo data` lists them")
    out = np.isin(names, subjects)
    if out.all():
        raise DataError("data.split.hold_out", "someone left to train on", "all subjects", "hold out fewer")
    lost = np.setdiff1d(split.y[out], split.y[~out])
    if len(lost):
        found = ", ".join(classes[label] for label in lost)
        note = f"nobody else does {found}: {np.isin(split.y[out], lost).sum()} test windows of it cannot be recognised"
        warnings.warn(f"data.split.hold_out: {note}", ZooNote, stacklevel=2)
    return np.flatnonzero(~out), np.flatnonzero(out)


def cut(y: Labels, groups: Rows | None, draw: Draw) -> Cut:
    """Sorted positions `(kept, split off)` in `y (n)`; equal arguments give equal splits.

    Windows with the same value in `groups (n)` stay together. The part that is kept has every class of ``y``; raises
    DataError if that is impossible.
    """
    return _by_class(y, draw) if groups is None else _by_group(y, groups, draw)


def _by_class(y: Labels, draw: Draw) -> Cut:
    from sklearn.model_selection import StratifiedShuffleSplit

    pairs = np.flatnonzero(np.bincount(y)[y] > 1)  # the only window of a class must be kept
    target, classes = round(draw.share * len(y)), len(np.unique(y[pairs]))
    if min(target, len(pairs) - target) < max(classes, 1):
        found = f"{target} of {len(y)} windows for {classes} classes that have two or more"
        hint = f"change data.split.{draw.part}, or add windows"
        raise DataError(draw.where, f"a window of every class in {draw.part} and in training", found, hint)
    shuffle = StratifiedShuffleSplit(n_splits=1, test_size=target, random_state=draw.seed)
    _, off = next(shuffle.split(pairs, y[pairs]))
    return _fair(y, [_parts(len(y), pairs[off])], draw)


def _by_group(y: Labels, groups: Rows, draw: Draw) -> Cut:
    """Folds of whole groups, of which a few neighbouring ones are split off."""
    most = min(_MOST_FOLDS, len(np.unique(groups)), int(np.bincount(y).max()))
    if most < 2:
        found = f"{len(np.unique(groups))} in {len(y)} windows"
        raise DataError(draw.where, f"at least two {draw.by}s", found, 'set data.split.by to "class"')
    taken, folds = _fraction(draw.share, most)
    fold = stratified(y, groups, folds, draw.seed)
    ways = (np.flatnonzero((fold - start) % folds < taken) for start in range(folds))
    return _fair(y, [_parts(len(y), off) for off in ways if 0 < len(off) < len(y)], draw)


def _fair(y: Labels, ways: list[Cut], draw: Draw) -> Cut:
    """Among the splits that keep every class, the one that splits off most classes, then the one nearest to the
    share."""
    whole = [way for way in ways if len(np.unique(y[way[0]])) == len(np.unique(y))]
    if not whole:
        hint = f"lower data.split.{draw.part}" + ("" if draw.by == "class" else ', or set data.split.by to "class"')
        found = "a class that would be cut off whole"
        raise DataError(draw.where, f"every class in training after cutting {draw.part} by {draw.by}", found, hint)
    return max(whole, key=lambda way: (len(np.unique(y[way[1]])), -abs(len(way[1]) / len(y) - draw.share)))


def _fraction(share: float, most: int) -> tuple[int, int]:
    """Number of folds to take, and total number of folds, at most ``most``, for about ``share``."""
    near = Fraction(share).limit_denominator(most)
    if near <= 0:
        return 1, most
    return (near.numerator, near.denominator) if near < 1 else (most - 1, most)


def _parts(size: int, off: Rows) -> Cut:
    selected = np.zeros(size, dtype=bool)
    selected[off] = True
    return np.flatnonzero(~selected), np.flatnonzero(selected)
