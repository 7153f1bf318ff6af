"""Refuse stored windows that the data spec does not allow, before splitting and training."""

from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from zoo_registry import DataError, InputSpec, SpecError
from zoo_registry.data import DataSpec, LengthSpec

from zoo.data.digest import comparable
from zoo.data.leaks import Prints, digests_of
from zoo.data.overlaps import KEPT, run_length, runs_of
from zoo.sources.length import require_fit
from zoo.sources.raw import Array, Extent, RawSet, RawSplit, require_windows

if TYPE_CHECKING:
    from hashlib import _Hash

_MOST_CLASSES = 1000
"""Limit on classes: every judge has a confusion matrix with their square as cells."""


class Scan(NamedTuple):
    """Result of one pass over a stored split: a hash of its content, whether it has NaN, hashes of its windows.

    ``stored_sha`` also depends on the stored type of the values, like every hash up to version 0.1.
    """

    sha: str
    stored_sha: str
    gaps: bool
    prints: Prints


def check_set(raw: RawSet, spec: DataSpec) -> InputSpec:
    """The model input; raise DataError for empty splits and for invalid classes, channels and lengths."""
    found = raw.extent
    if raw.test is not None:
        _check_test(raw.train, raw.test, raw.classes)
    uniform = (found.shortest, found.shortest)
    where = next((split.where for split in raw.splits if split.lengths != uniform), raw.train.where)
    return input_after(found, spec, where)


def input_after(found: Extent, spec: DataSpec, where: str) -> InputSpec:
    """The model input after the length step; raise DataError if lengths differ without one or do not fit it.

    Sensor values in ``spec`` take precedence over those in the source.
    """
    step = spec.length
    if step is not None:
        require_fit(found.shortest, found.longest, step, where)
    elif found.shortest != found.longest:
        hint = 'declare a step, such as "length": {"to": 512, "method": "interpolate"}'
        raise DataError(where, "series of one length", f"{found.shortest} to {found.longest} samples", hint)
    classes = len(found.classes)
    if classes > _MOST_CLASSES:
        hint = "check that y holds classes, not a measured value or a number per window"
        raise DataError(where, f"at most {_MOST_CLASSES:,} classes", f"{classes:,}", hint)
    if spec.channel_names is not None and len(spec.channel_names) != found.channels:
        hint = "name every channel once, in the order of the files"
        raise SpecError(
            "data.channel_names", f"{found.channels} names, as {where} has channels", str(len(spec.channel_names)), hint
        )
    length = step.to if step else found.longest
    try:
        return InputSpec(
            channels=found.channels,
            length=length,
            classes=classes if classes > 1 else None,
            class_names=found.classes if classes > 1 else None,
            channel_names=spec.channel_names or found.sensor.channel_names,
            rate=_rate_after(spec.rate or found.sensor.rate, found, step),
            units=spec.units or found.sensor.units,
            smooth=found.sensor.smooth if spec.smooth is None else spec.smooth,
        )
    except ValidationError:
        expected = "1 to 4096 channels and 2 to 1,000,000 samples"
        sizes = f"{found.channels} channels, {length} samples"
        raise DataError(where, expected, sizes, "check the files, or the layout of their axes") from None


def _rate_after(rate: float | None, found: Extent, step: LengthSpec | None) -> float | None:
    """Sampling rate after ``step``; None if it is unknown, or differs between series."""
    if rate is None or step is None or step.method != "interpolate":
        return rate
    if found.shortest != found.longest or found.longest < 2:
        return None
    return rate * (step.to - 1) / (found.longest - 1)  # both end points are kept


def _check_test(train: RawSplit, test: RawSplit, classes: tuple[str, ...]) -> None:
    unseen = np.setdiff1d(test.y, train.y)
    if len(unseen):
        names = ", ".join(classes[label] for label in unseen)
        hint = "leave the class out of the test split, or move windows of it into training"
        raise DataError(test.where, "only classes that training has too", f"{names} in test alone", hint)
    if test.channels != train.channels:
        found = f"{test.channels}, but {train.channels} in {train.where}"
        raise DataError(test.where, "as many channels as in training", found, "write both splits alike")


def scan_all(splits: Sequence[RawSplit], spec: DataSpec) -> list[Scan]:
    """Read every window of ``splits`` once; raises DataError as `require_windows` and `scan` do."""
    for split in splits:
        require_windows(split)
    samples = run_length(min(split.lengths[0] for split in splits))
    return [scan(split, spec, samples) for split in splits]


def scan(split: RawSplit, spec: DataSpec, samples: int) -> Scan:
    """Read every window once, and hash its runs of ``samples`` samples.

    Equal values give equal hashes for any stored type and byte order. Raises DataError for infinite values, for NaN
    unless ``missing`` allows it, and for windows with only NaN.
    """
    digest = sha256(repr((split.channels, len(split), split.lengths)).encode())
    stored = digest.copy()
    gaps = False
    prints = Prints(np.zeros(len(split), np.uint64), np.empty((len(split), KEPT), np.uint64))
    for first, block in split.blocks():
        if block.dtype.kind not in "iuf":
            raise DataError(split.where, "real numbers", f"values of type {block.dtype}", "save a numeric array")
        values = comparable(block)
        gaps |= _check_values(split, first, values, spec)
        rows = slice(first, first + len(values))
        prints.digests[rows], prints.runs[rows] = digests_of(values), runs_of(values, samples)
        _add(digest, values)
        _add(stored, block)
    for one in (digest, stored):
        one.update(split.y.tobytes())
    return Scan(digest.hexdigest(), stored.hexdigest(), gaps, prints)


def _add(digest: "_Hash", block: Array) -> None:
    digest.update(repr((block.dtype.str, block.shape)).encode())
    digest.update(np.ascontiguousarray(block).data)


def _check_values(split: RawSplit, first: int, values: NDArray[np.float32], spec: DataSpec) -> bool:
    """Whether ``values (b c t)`` have NaN; raise DataError if they are not allowed."""
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
