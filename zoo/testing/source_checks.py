"""Rules for data sources, one function per rule, checked on the data that a spec names."""

import shutil
import warnings
from collections.abc import Callable, Sequence

import numpy as np
from zoo_registry import DataSpec, SourceSpec, ZooError, ZooNote
from zoo_registry.data import LengthSpec, SplitSpec

from zoo.data.prepare import prepare
from zoo.data.sources import peek, read
from zoo.io.scratch import scratch
from zoo.sources import RawSet


def check_peek(spec: SourceSpec, raw: RawSet) -> None:
    """The extent that `peek` gives is that of the windows that `read` gives."""
    found, expected = peek(spec), raw.extent
    assert found.channels == expected.channels, f"{spec.kind}: peeks {found.channels} channels, not {expected.channels}"
    assert found.classes == expected.classes, f"{spec.kind}: peeks the classes {found.classes}, not {expected.classes}"
    assert found.sensor == expected.sensor, f"{spec.kind}: peeks {found.sensor}, not {expected.sensor}"
    inside = expected.shortest <= found.shortest <= found.longest <= expected.longest
    lengths = f"{found.shortest} to {found.longest} samples, not {expected.shortest} to {expected.longest}"
    assert inside, f"{spec.kind}: peeks {lengths}"


def check_windows(spec: SourceSpec, raw: RawSet) -> None:
    """Windows are real numbers `c t`, each with a class in range and, where they are known, a subject and a group."""
    for split in raw.splits:
        for row, (x, y) in enumerate(zip(split.x, split.y, strict=True)):
            assert x.dtype.kind in "iuf", f"{split.place(row)}: values of type {x.dtype}"
            assert x.ndim == 2, f"{split.place(row)}: shape {x.shape}, not c t"
            assert len(x) == raw.train.channels, f"{split.place(row)}: {len(x)} channels, not {raw.train.channels}"
            assert 0 <= y < len(raw.classes), f"{split.place(row)}: class {y} of {len(raw.classes)}"
        assert split.y.dtype == np.int64, f"{split.where}: labels of type {split.y.dtype}, not int64"
        for name, column in (("subject", split.subject), ("group", split.group)):
            assert column is None or column.shape == (len(split),), f"{split.where}: not one {name} per window"
    assert len(set(raw.classes)) == len(raw.classes), f"{spec.kind}: two classes of one name in {raw.classes}"


def check_repeats(spec: SourceSpec, raw: RawSet) -> None:
    """Reading again gives equal values, labels and columns."""
    _require_equal(raw, read(spec), f"{spec.kind}: when read again")


def check_preparation(spec: SourceSpec, raw: RawSet) -> None:
    """A run accepts the data: unequal series are padded, and a quarter is cut off where there is no test split."""
    shortest, longest = raw.extent.shortest, raw.extent.longest
    step = None if shortest == longest else LengthSpec(to=longest, method="pad")
    split = SplitSpec(validation=0.25, test=None if raw.test is not None else 0.25)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ZooNote)
        prepare(DataSpec(source=spec, split=split, length=step, missing="mask"))


def check_missing(spec: SourceSpec, raw: RawSet) -> None:
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


def check_moved(spec: SourceSpec, raw: RawSet) -> None:
    """A copy of the data at another place gives equal values, labels and columns."""
    if spec.place is None:
        return
    with scratch() as folder:
        # A file may need others beside it, such as its test split.
        home = spec.place if spec.place.is_dir() else spec.place.parent
        shutil.copytree(home, folder / "moved")
        place = folder / "moved" / spec.place.relative_to(home)
        moved = read(spec.model_copy(update={spec.locator: str(place)}))
        _require_equal(raw, moved, f"{spec.kind}: after a move")


FOR_SOURCES: Sequence[Callable[[SourceSpec, RawSet], None]] = (
    check_peek,
    check_windows,
    check_repeats,
    check_preparation,
    check_missing,
    check_moved,
)


def _require_equal(one: RawSet, other: RawSet, when: str) -> None:
    """Fingerprints are made of values, labels and columns, so they are then equal too."""
    assert one.classes == other.classes, f"{when}: other classes"
    for a, b in zip(one.splits, other.splits, strict=True):
        for here, there in zip(a.x, b.x, strict=True):
            np.testing.assert_array_equal(here, there, err_msg=f"{when}: other values")
        for name in ("y", "subject", "group"):
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=f"{when}: another {name}")
