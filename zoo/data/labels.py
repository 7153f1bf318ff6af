"""Class indices 0 to k − 1 and class names, from whatever numbers or names a source carries."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from zoo_registry import DataError

from zoo.data.raw import Array, Labels
from zoo.data.reading import reading

_NAMES_HINT = "one class name per line, in the order of the class numbers"


def class_names(folder: Path, file: str | None) -> tuple[str, ...] | None:
    """Lines of ``file`` in ``folder``, or None where no file is named; raise DataError for doubles or none."""
    if file is None:
        return None
    path = folder / file
    with reading(path, "a text file of class names", _NAMES_HINT):
        names = tuple(line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    if not names or len(set(names)) < len(names):
        raise DataError(str(path), "distinct class names", f"{len(names)} lines with doubles or none", _NAMES_HINT)
    return names


def index_labels(
    found: Sequence[Array], names: tuple[str, ...] | None, where: str
) -> tuple[list[Labels], tuple[str, ...]]:
    """Class indices for each array of labels, and the class names.

    Without ``names``, classes are the distinct labels in order, named by themselves, so any numbering is kept as the
    name. With ``names``, labels that are names are looked up, and numbers count the names from 0, or from 1 where 0
    never occurs and the number of names does. Raises DataError where that leaves a doubt.
    """
    arrays = [_plain(labels, where) for labels in found]
    if len({labels.dtype.kind for labels in arrays}) > 1:
        raise DataError(where, "numbers or names as labels of every split", "both", "save all labels alike")
    every = np.unique(np.concatenate(arrays))
    if names is None:
        return [np.searchsorted(every, labels) for labels in arrays], tuple(str(label) for label in every)
    if every.dtype.kind == "U":
        return [_look_up(labels, names, where) for labels in arrays], names
    start = _first_number(every, len(names), where)
    return [labels - start for labels in arrays], names


def _plain(labels: Array, where: str) -> Array:
    """Labels `(n)` as int64 or as strings."""
    hint = "save y as a vector of class numbers or names, one per window"
    if labels.ndim != 1:
        raise DataError(where, "labels (n)", f"shape {labels.shape}", hint)
    if labels.dtype.kind in "SU":
        return labels.astype(str)
    if labels.dtype.kind in "iub" or (labels.dtype.kind == "f" and _whole(labels)):
        return labels.astype(np.int64)
    raise DataError(where, "whole numbers or names as labels", f"values of type {labels.dtype}", hint)


def _whole(labels: Array) -> bool:
    return bool(np.all(np.abs(labels) < 2**53) and np.all(labels == np.floor(labels)))


def _look_up(labels: Array, names: tuple[str, ...], where: str) -> Labels:
    index = {name: number for number, name in enumerate(names)}
    for label in np.unique(labels):
        if str(label) not in index:
            raise DataError(where, f"labels among {', '.join(names)}", repr(str(label)), _NAMES_HINT)
    return np.array([index[str(label)] for label in labels], dtype=np.int64)


def _first_number(every: Array, classes: int, where: str) -> int:
    low, high = (int(every[0]), int(every[-1])) if len(every) else (0, 0)
    if low == 0 and high < classes:
        return 0
    if low >= 1 and high == classes:
        return 1
    found = f"labels from {low} to {high}"
    if low < 0 or high > classes or low == 0:
        raise DataError(where, f"labels that count {classes} class names", found, "mend the labels or the names")
    hint = "neither 0 nor the last number occurs, so counting may start at 0 or at 1: leave `classes` out, or mend it"
    raise DataError(where, f"labels that count {classes} class names", found, hint)
