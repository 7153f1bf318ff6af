"""Refuse stored windows that the data spec does not allow, before anything is cut or trained."""

from hashlib import sha256
from typing import NamedTuple

import numpy as np
from pydantic import ValidationError
from zoo_registry import DataError, InputSpec
from zoo_registry.data import DataSpec, LengthSpec

from zoo.data.leaks import Digests, digests_of
from zoo.data.length import require_fit
from zoo.data.raw import Array, Extent, RawSet, RawSplit, require_windows

_MOST_CLASSES = 1000
"""A table of confusion has their square as cells, for every judge."""


class Scan(NamedTuple):
    """What one pass over a stored split found: a hash of its content, whether it holds NaN, a digest a window."""

    sha: str
    gaps: bool
    digests: Digests


def check_set(raw: RawSet, spec: DataSpec) -> None:
    """Raise DataError for what shows without reading windows: empty splits, classes, channels and lengths."""
    splits = [raw.train, *([raw.test] if raw.test is not None else [])]
    for split in splits:
        require_windows(split)
    if raw.test is not None:
        _check_test(raw.train, raw.test, raw.classes)
    shortest, longest = min(split.lengths[0] for split in splits), max(split.lengths[1] for split in splits)
    where = next((split.where for split in splits if split.lengths != (shortest, shortest)), raw.train.where)
    extent = Extent(raw.train.channels, shortest, longest, len(raw.classes))
    input_after(extent, spec.length, where)


def input_after(found: Extent, step: LengthSpec | None, where: str) -> InputSpec:
    """What enters a model after the length step; raise DataError for lengths that differ without one or misfit it."""
    if step is not None:
        require_fit(found.shortest, found.longest, step, where)
    elif found.shortest != found.longest:
        hint = 'declare a step, such as "length": {"to": 512, "method": "interpolate"}'
        raise DataError(where, "series of one length", f"{found.shortest} to {found.longest} samples", hint)
    if found.classes > _MOST_CLASSES:
        hint = "check that y holds classes, not a measured value or a number per window"
        raise DataError(where, f"at most {_MOST_CLASSES:,} classes", f"{found.classes:,}", hint)
    length = step.to if step else found.longest
    try:
        return InputSpec(channels=found.channels, length=length, classes=found.classes)
    except ValidationError:
        expected = "1 to 4096 channels, 2 to 1,000,000 samples and at least 2 classes"
        sizes = f"{found.channels} channels, {length} samples, {found.classes} classes"
        raise DataError(where, expected, sizes, "check the files, or the layout of their axes") from None


def _check_test(train: RawSplit, test: RawSplit, classes: tuple[str, ...]) -> None:
    unseen = np.setdiff1d(test.y, train.y)
    if len(unseen):
        names = ", ".join(classes[label] for label in unseen)
        hint = "leave the class out of the test split, or move windows of it into training"
        raise DataError(test.where, "only classes that training has too", f"{names} in test alone", hint)
    if test.channels != train.channels:
        found = f"{test.channels}, but {train.channels} in {train.where}"
        raise DataError(test.where, "as many channels as in training", found, "write both splits alike")


def scan(split: RawSplit, spec: DataSpec) -> Scan:
    """Read every window once.

    Raises DataError for infinite values, for NaN unless ``missing`` allows it, and for windows of nothing else.
    """
    digest = sha256(repr((split.channels, len(split), split.lengths)).encode())
    gaps = False
    found: list[Digests] = []
    for first, block in split.blocks():
        gaps |= _check_values(split, first, block, spec)
        found.append(digests_of(block))
        digest.update(repr((block.dtype.str, block.shape)).encode())
        digest.update(np.ascontiguousarray(block).data)
    digest.update(split.y.tobytes())
    return Scan(digest.hexdigest(), gaps, np.concatenate(found))


def _check_values(split: RawSplit, first: int, block: Array, spec: DataSpec) -> bool:
    """Whether ``block (b c t)`` holds NaN."""
    if block.dtype.kind not in "iuf":
        raise DataError(split.where, "real numbers", f"values of type {block.dtype}", "save a numeric array")
    with np.errstate(over="ignore"):
        values = block.astype(np.float32, copy=False)
    if np.isfinite(values).all():
        return False
    infinite, missing = np.isinf(values).any((1, 2)), np.isnan(values).any((1, 2))
    if infinite.any():
        place = split.place(first + int(infinite.argmax()))
        raise DataError(place, "values within float32", "an infinite one", "clip or remove it in the file")
    if spec.missing == "refuse":
        place = split.place(first + int(missing.argmax()))
        hint = 'set "missing": "mask" to mark such samples as unobserved, or fill them in the file'
        raise DataError(place, "observed values", "NaN", hint)
    if (empty := np.isnan(values).all((1, 2))).any():
        place = split.place(first + int(empty.argmax()))
        raise DataError(place, "at least one observed sample", "none", "leave such windows out")
    return True
