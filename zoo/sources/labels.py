"""Class indices 0 to k − 1 and class names, from the numbers or names in a source."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from zoo_registry import DataError

from zoo.sources.raw import Array, Labels
from zoo.sources.reading import reading
from zoo.sources.text import inside, text_lines, word

_NAMES_HINT = "one class name per line, in the order of the class numbers"
_LARGEST_FILE = 4 * 2**20
UNLABELLED = ("", "nan", "<na>", "nat")
"""Spellings of a missing label in common libraries, in lower case."""
ONE_CLASS = "unlabelled"
"""The class of windows without labels; a set with one class has no labels that a model could learn."""
_SHOWN = 10


def class_names(folder: Path, file: str | None) -> tuple[str, ...] | None:
    """Lines of ``file`` in ``folder``, or None without a file; raise DataError for duplicates or an empty file."""
    if file is None:
        return None
    path = inside(folder, file)
    with reading(path, "a text file of class names", _NAMES_HINT):
        if path.stat().st_size > _LARGEST_FILE:
            found = f"more than {_LARGEST_FILE // 2**20} MiB"
            raise DataError(str(path), "a text file of class names", found, _NAMES_HINT)
        names = tuple(map(word, text_lines(path)))
    if not names or len(set(names)) < len(names):
        raise DataError(str(path), "distinct class names", f"{len(names)} lines with doubles or none", _NAMES_HINT)
    return names


def index_labels(
    found: Sequence[Array], names: tuple[str, ...] | None, where: str
) -> tuple[list[Labels], tuple[str, ...]]:
    """Class indices for each array of labels, and the class names.

    Without ``names``, classes are the sorted distinct labels, and each label is its own name, so any numbering is kept.
    With ``names``, labels that are names are looked up; numbers are indices from 0, or from 1 if 0 never occurs and the
    number of names does. Raises DataError if this is ambiguous.
    """
    arrays = [plain_labels(labels, where) for labels in found]
    if len({labels.dtype.kind for labels in arrays}) > 1:
        raise DataError(where, "numbers or names as labels of every split", "both", "save all labels alike")
    every = np.unique(np.concatenate(arrays))
    if names is None:
        return [np.searchsorted(every, labels) for labels in arrays], tuple(str(label) for label in every)
    if every.dtype.kind == "U":
        return [_look_up(labels, names, where) for labels in arrays], names
    start = _first_number(every, len(names), where)
    return [labels - start for labels in arrays], names


def plain_labels(labels: Array, where: str) -> Array:
    """Labels `(n)` as int64 or as strings, in canonical spelling.

    Raises DataError for labels of another kind, and for missing ones.
    """
    hint = "save y as a vector of class numbers or names, one per window"
    if labels.ndim != 1:
        flat = labels.ndim == 2 and labels.shape[1] == 1
        raise DataError(where, "labels (n)", f"shape {labels.shape}", "save y.ravel()" if flat else hint)
    if labels.dtype.kind in "SU":
        with reading(Path(where), "names in Unicode, or in UTF-8 as bytes", hint):
            return _words(np.char.decode(labels, "utf-8") if labels.dtype.kind == "S" else labels, where)
    if labels.dtype.kind == "f":
        require_known(np.isnan(labels), where)
    if labels.dtype.kind in "iub" or (labels.dtype.kind == "f" and _whole(labels)):
        return labels.astype(np.int64)
    raise DataError(where, "whole numbers or names as labels", f"values of type {labels.dtype}", hint)


def require_known(unknown: NDArray[np.bool_], where: str) -> None:
    """Raise DataError if any window has no label."""
    if unknown.any():
        found = f"NaN or nothing for {unknown.sum()} of {len(unknown)}, first for window {int(unknown.argmax())}"
        hint = "leave such windows out of X and y alike, or give them a class of their own"
        raise DataError(where, "a label for every window", found, hint)


def _words(names: Array, where: str) -> Array:
    every, index = np.unique(names, return_inverse=True)
    words = [word(str(name)) for name in every]
    require_known(np.array([name.lower() in UNLABELLED for name in words], dtype=bool)[index], where)
    return np.array(words, dtype=str)[index]


def _whole(labels: Array) -> bool:
    return bool(np.all(np.abs(labels) < 2**53) and np.all(labels == np.floor(labels)))


def _look_up(labels: Array, names: tuple[str, ...], where: str) -> Labels:
    index = {name: number for number, name in enumerate(names)}
    for label in np.unique(labels):
        if str(label) not in index:
            more = f" and {len(names) - _SHOWN} more" * (len(names) > _SHOWN)
            known = f"labels among {', '.join(names[:_SHOWN])}{more}"
            raise DataError(where, known, repr(str(label)), _NAMES_HINT)
    return np.array([index[str(label)] for label in labels], dtype=np.int64)


def _first_number(every: Array, classes: int, where: str) -> int:
    low, high = (int(every[0]), int(every[-1])) if len(every) else (0, 0)
    if low == 0 and high < classes:
        return 0
    if low >= 1 and high == classes:
        return 1
    found = f"labels from {low} to {high}"
    if low < 0 or high > classes or low == 0:
        raise DataError(where, f"labels that count {classes} class names", found, "correct the labels or the names")
    hint = "neither 0 nor the last number occurs, so counting may start at 0 or at 1: remove `classes`, or correct it"
    raise DataError(where, f"labels that count {classes} class names", found, hint)
