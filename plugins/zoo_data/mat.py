"""Read a folder of MATLAB windows named like `ID-102_CLASS-13_Window-0001.mat`."""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
from zoo_registry import DataError

from zoo.sources import (
    Array,
    Extent,
    Labels,
    RawSet,
    RawSplit,
    class_names,
    folder_of,
    index_labels,
    lay_out,
    note_swapped,
    reading,
    visible,
)
from zoo_data.specs import MatSource

_NAME = re.compile(r"ID-(?P<subject>[^_]+)_CLASS-(?P<label>\d{1,9})_Window-(?P<window>\d+)\.mat", re.IGNORECASE)
_EXAMPLE = "ID-102_CLASS-13_Window-0001.mat"


class _Window(NamedTuple):
    """One file and the values in its name; sorted by subject, class and number."""

    subject: str
    label: int
    number: int
    path: Path


def read_mat(source: MatSource) -> RawSet:
    """All windows as one training split, in memory; the subject is the ID, labels are the CLASS numbers.

    ``zoo.sources.index_labels`` describes how these numbers become class indices. Raises DataError for a file that
    cannot be read, has another name pattern, or does not have the array.
    """
    windows = _windows(source)
    labels, classes = _labels(source, windows)
    series = [_series(window.path, source) for window in windows]
    odd = next((row for row, one in enumerate(series) if one.shape[0] != series[0].shape[0]), None)
    if odd is not None:
        found = f"{series[odd].shape[0]}, but {series[0].shape[0]} in {windows[0].path.name}"
        raise DataError(str(windows[odd].path), "as many channels in every window", found, "correct or remove the file")
    x = np.stack(series) if len({one.shape for one in series}) == 1 else tuple(series)
    note_swapped(series[0][None], str(windows[0].path))
    subject = np.array([window.subject for window in windows])
    files = tuple(str(window.path) for window in windows)
    return RawSet(RawSplit(source.path, x, labels, subject, files=files), None, classes)


def peek_mat(source: MatSource) -> Extent:
    """The extent from the names of all files and the array of the first."""
    windows = _windows(source)
    _, classes = _labels(source, windows)
    channels, length = _series(windows[0].path, source).shape
    return Extent(channels, length, length, classes)


def _windows(source: MatSource) -> list[_Window]:
    folder = folder_of(source.path, f"files like {_EXAMPLE}")
    found = sorted(_window(path) for path in visible(folder, "*") if path.suffix.lower() == ".mat")
    if not found:
        raise DataError(str(folder), f"files like {_EXAMPLE}", "none", "check data.source.path")
    return found


def _window(path: Path) -> _Window:
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise DataError(str(path), f"a name like {_EXAMPLE}", path.name, "rename the file or move it elsewhere")
    return _Window(match["subject"], int(match["label"]), int(match["window"]), path)


def _labels(source: MatSource, windows: list[_Window]) -> tuple[Labels, tuple[str, ...]]:
    numbers = np.array([window.label for window in windows])
    (labels,), classes = index_labels([numbers], class_names(windows[0].path.parent, source.classes), source.path)
    return labels, classes


def _series(path: Path, source: MatSource) -> Array:
    """The array of one file as float32 `(c t)`."""
    with reading(path, "a MATLAB file", "save it again, with `-v7` if it is of version 7.3"):
        from scipy.io import loadmat

        content = loadmat(path)
    if source.key not in content:
        known = ", ".join(name for name in content if not name.startswith("__")) or "nothing"
        raise DataError(str(path), f"an array named {source.key}", known, "set data.source.key")
    stored = content[source.key]
    if not isinstance(stored, np.ndarray) or stored.dtype.kind not in "iuf":
        kind = getattr(stored, "dtype", type(stored).__name__)
        raise DataError(str(path), "real numbers", f"values of type {kind}", "save a numeric array")
    with np.errstate(over="ignore"):
        window: Array = lay_out(stored[None], source.layout, str(path))[0].astype(np.float32)
    return window
