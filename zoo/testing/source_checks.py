"""Rules for data sources, one function per rule, checked on the data that a spec names."""

import shutil
import warnings
from collections.abc import Callable, Sequence

import numpy as np
from zoo_registry import DataSpec, SourceSpec, ZooError, ZooNote
from zoo_registry.data import LengthSpec, SplitSpec

from zoo.data.prepare import prepare
from zoo.data.sources import peek, read
from zoo.data.split import DataSet
from zoo.io.scratch import scratch
from zoo.sources import RawSet, RawSplit


def check_peek(spec: SourceSpec) -> None:
    """The extent that `peek` gives is that of the windows that `read` gives."""
    found, raw = peek(spec), read(spec)
    expected = raw.extent
    assert found.channels == expected.channels, f"{spec.kind}: peeks {found.channels} channels, not {expected.channels}"
    assert found.classes == expected.classes, f"{spec.kind}: peeks the classes {found.classes}, not {expected.classes}"
    assert found.sensor == expected.sensor, f"{spec.kind}: peeks {found.sensor}, not {expected.sensor}"
    inside = expected.shortest <= found.shortest <= found.longest <= expected.longest
    lengths = f"{found.shortest} to {found.longest} samples, not {expected.shortest} to {expected.longest}"
    assert inside, f"{spec.kind}: peeks {lengths}"


def check_windows(spec: SourceSpec) -> None:
    """Windows are real numbers `c t`, each with a class in range and, where they are known, a subject and a group."""
    raw = read(spec)
    for split in _splits(raw):
        for row, (x, y) in enumerate(zip(split.x, split.y, strict=True)):
            assert x.dtype.kind in "iuf", f"{split.place(row)}: values of type {x.dtype}"
            assert x.ndim == 2, f"{split.place(row)}: shape {x.shape}, not c t"
            assert len(x) == raw.train.channels, f"{split.place(row)}: {len(x)} channels, not {raw.train.channels}"
            assert 0 <= y < len(raw.classes), f"{split.place(row)}: class {y} of {len(raw.classes)}"
        assert split.y.dtype == np.int64, f"{split.where}: labels of type {split.y.dtype}, not int64"
        for name, column in (("subject", split.subject), ("group", split.group)):
            assert column is None or column.shape == (len(split),), f"{split.where}: not one {name} per window"
    assert len(set(raw.classes)) == len(raw.classes), f"{spec.kind}: two classes of one name in {raw.classes}"


def check_repeats(spec: SourceSpec) -> None:
    """Reading twice gives equal values, labels and columns, and the same fingerprint."""
    for one, other in zip(_splits(read(spec)), _splits(read(spec)), strict=True):
        for a, b in zip(one.x, other.x, strict=True):
            np.testing.assert_array_equal(a, b, err_msg=f"{spec.kind}: other values when read again")
        for name in ("y", "subject", "group"):
            a, b = getattr(one, name), getattr(other, name)
            np.testing.assert_array_equal(a, b, err_msg=f"{spec.kind}: another {name} when read again")
    found, again = _prepared(spec).fingerprint, _prepared(spec).fingerprint
    assert found == again, f"{spec.kind}: another fingerprint when read again"


def check_masks(spec: SourceSpec) -> None:
    """With `"missing": "mask"`, a sample is unobserved exactly where the source gives NaN or the series has ended."""
    raw, data = read(spec), _prepared(spec)
    for split in (data.train, data.validation, data.test):
        home = raw.train if split.name != "test" or raw.test is None else raw.test
        x, mask = split.read(slice(None))
        assert np.isfinite(x).all(), f"{spec.kind}: values of the {split.name} split that are not finite"
        gaps = 0 if mask is None else int((~mask).sum())
        series = [home.x[row] for row in split.rows]
        expected = sum(int(np.isnan(one).sum()) + one.shape[0] * (x.shape[2] - one.shape[1]) for one in series)
        assert gaps == expected, f"{spec.kind}: {gaps} unobserved samples of the {split.name} split, not {expected}"


def check_missing(spec: SourceSpec) -> None:
    """Data that are not there are refused in one line, which names them."""
    if spec.place is None:
        return
    for method in (peek, read):
        try:
            method(spec.model_copy(update={spec.locator: str(spec.place.parent / "nowhere")}))
        except ZooError as error:
            line = str(error)
            assert "nowhere" in line, f"{spec.kind}: {line!r} does not name what is missing"
        else:
            raise AssertionError(f"{spec.kind}: {method.__name__} gives something where there is nothing")


def check_moved(spec: SourceSpec) -> None:
    """A copy of the data at another place has the same fingerprint."""
    if spec.place is None:
        return
    with scratch() as folder:
        # A file may need others beside it, such as its test split.
        home = spec.place if spec.place.is_dir() else spec.place.parent
        shutil.copytree(home, folder / "moved")
        place = folder / "moved" / spec.place.relative_to(home)
        moved = spec.model_copy(update={spec.locator: str(place)})
        assert _prepared(moved).fingerprint == _prepared(spec).fingerprint, f"{spec.kind}: other data after a move"


FOR_SOURCES: Sequence[Callable[[SourceSpec], None]] = (
    check_peek,
    check_windows,
    check_repeats,
    check_masks,
    check_missing,
    check_moved,
)


def _splits(raw: RawSet) -> list[RawSplit]:
    return [raw.train, *([] if raw.test is None else [raw.test])]


def _prepared(spec: SourceSpec) -> DataSet:
    """The data set of ``spec``; unequal series are padded, and a quarter is cut off where there is no test split."""
    raw = read(spec)
    shortest, longest = raw.extent.shortest, raw.extent.longest
    step = None if shortest == longest else LengthSpec(to=longest, method="pad")
    split = SplitSpec(validation=0.25, test=None if raw.test is not None else 0.25)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ZooNote)
        return prepare(DataSpec(source=spec, split=split, length=step, missing="mask"))
