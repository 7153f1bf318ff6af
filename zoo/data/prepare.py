"""From a data spec to a data set: read, check, split, bring to length, compute statistics, fingerprint."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from zoo_registry import DataError
from zoo_registry.data import DataSpec, LengthSpec

from zoo.data.check import check_set, scan_all
from zoo.data.leaks import leaks_between
from zoo.data.sources import read
from zoo.data.split import DataSet, Rows, Split
from zoo.data.splits import Draw, cut, held_out, together
from zoo.data.statistics import channel_statistics, require_observed
from zoo.sources.length import to_length
from zoo.sources.raw import Array, Labels, LazyWindows, RawSet, RawSplit

T = TypeVar("T")


class Once(Protocol):
    """Runs work once for several processes; all get its result."""

    def __call__(self, work: Callable[[], T]) -> T: ...


class _Cuts(NamedTuple):
    """Rows of the stored training split for training and validation, and those of the test split."""

    train: Rows
    validation: Rows
    test: Rows


def here(work: Callable[[], T]) -> T:
    """Run ``work`` in this process, independently of others."""
    return work()


def prepare(spec: DataSpec, once: Once = here) -> DataSet:
    """Prepare the data of a run.

    Memory-mapped windows stay on disk; work that reads all of them runs in ``once``. Raises DataError with the file for
    data that are unreadable or do not match the spec.
    """
    raw = read(spec.source)
    entering = check_set(raw, spec)
    scans = once(lambda: scan_all(raw.splits, spec))
    by, stays = together(spec.split.by, raw.train)
    cuts = _cut(raw, spec, by, stays)
    train, validation, test = splits = _splits(raw, cuts, stays, spec, any(found.gaps for found in scans))
    mean, std = once(lambda: _statistics(splits, _homes(raw)))
    shared = _shared(test.subject, [train.subject, validation.subject])
    leaked = leaks_between(scans[0].prints, None if raw.test is None else scans[1].prints, cuts)
    fingerprint = _fingerprint([found.sha for found in scans], raw, cuts, spec)
    stored = _fingerprint([found.stored_sha for found in scans], raw, cuts, spec)
    return DataSet(train, validation, test, entering, mean, std, fingerprint, stored, shared, leaked)


def _statistics(splits: Sequence[Split], homes: Sequence[RawSplit]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and deviation of the first of ``splits``, taken from ``homes``; every window must have observed samples."""
    for split, home in zip(splits, homes, strict=True):
        if split.masked:
            require_observed(split, home)
    return channel_statistics(splits[0])


def _cut(raw: RawSet, spec: DataSpec, by: str, groups: Rows | None) -> _Cuts:
    stored = raw.train
    rest = np.arange(len(stored))
    if raw.test is not None:
        _require_no_second_test(raw.test, spec)
        test = np.arange(len(raw.test))
    elif spec.split.hold_out:
        rest, test = held_out(stored, spec.split.hold_out, raw.classes)
    elif spec.split.test is not None:
        rest, test = cut(stored.y, groups, Draw("test", spec.split.test, by, spec.split.seed, stored.where))
    else:
        raise DataError(stored.where, "a test split", "none in the source", 'cut one off: "split": {"test": 0.25}')
    draw = Draw("validation", spec.split.validation, by, spec.split.seed, stored.where)
    train, validation = cut(stored.y[rest], None if groups is None else groups[rest], draw)
    return _Cuts(_repeated(rest[train], stored.repeats), rest[validation], test)


def _repeated(rows: Rows, repeats: Labels | None) -> Rows:
    """Each of ``rows`` as often as an epoch has it."""
    return rows if repeats is None else np.repeat(rows, repeats[rows])


def _require_no_second_test(test: RawSplit, spec: DataSpec) -> None:
    for field, given in (("test", spec.split.test), ("hold_out", ", ".join(spec.split.hold_out) or None)):
        if given is not None:
            hint = f"remove data.split.{field}; for .npy files, data.source.test: null leaves their own test split out"
            raise DataError(test.where, f"no data.split.{field}, as the source has a test split", str(given), hint)


def _splits(raw: RawSet, cuts: _Cuts, stays: Rows | None, spec: DataSpec, gaps: bool) -> list[Split]:
    """Train, validation and test; series of unequal length are brought to one length here, arrays on access."""
    homes = _homes(raw)
    masked = gaps or _pads(homes, spec.length)
    sources = {id(home): _even(home.x, spec.length) for home in homes}
    found = []
    for name, home, rows in zip(_Cuts._fields, homes, cuts, strict=True):
        step = None if isinstance(home.x, tuple) else spec.length
        subject, group = (None if column is None else column[rows] for column in (home.subject, home.group))
        kept = stays[rows] if stays is not None and home is raw.train else None
        found.append(Split(name, sources[id(home)], rows, step, masked, home.y[rows], subject, group, kept))
    return found


def _homes(raw: RawSet) -> list[RawSplit]:
    """The stored splits from which training, validation and test windows are taken."""
    return [raw.train, raw.train, raw.train if raw.test is None else raw.test]


def _pads(splits: Sequence[RawSplit], step: LengthSpec | None) -> bool:
    return step is not None and step.method == "pad" and any(split.lengths[0] < step.to for split in splits)


def _even(x: Array | LazyWindows | tuple[Array, ...], step: LengthSpec | None) -> Array | LazyWindows:
    """`(n c t)`: unequal series after ``step``, all others unchanged."""
    if not isinstance(x, tuple):
        return x
    assert step is not None
    return np.stack([to_length(series.astype(np.float32), step) for series in x])


def _shared(test: Array | None, others: Sequence[Array | None]) -> tuple[str, ...] | None:
    known = [subject for subject in others if subject is not None]
    if test is None or not known:
        return None
    return tuple(str(name) for name in np.intersect1d(test, np.concatenate(known)))


def _fingerprint(hashes: list[str], raw: RawSet, cuts: _Cuts, spec: DataSpec) -> str:
    """Hash of content, classes, splits and steps; independent of the location of the files."""
    digest = sha256(repr((hashes, raw.classes, spec.split.seed)).encode())
    for rows in cuts:
        digest.update(np.int64(len(rows)).tobytes() + rows.astype(np.int64).tobytes())
    digest.update(repr((spec.length.model_dump() if spec.length else None, spec.missing)).encode())
    return digest.hexdigest()
