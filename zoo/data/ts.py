"""Read `.ts` files of the UEA and UCR archives, through aeon's loader."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from zoo_registry import DataError
from zoo_registry.data import TsSource

from zoo.data.raw import Array, Extent, Labels, RawSet, RawSplit, require_windows
from zoo.data.reading import folder_of, reading

_FILE = "a .ts file as in the UEA and UCR archives"
_HINT = "the file may be cut short or of another format: fetch or write it anew"
_CLASS_HINT = "write `@classLabel true NAME NAME ...` with every class, told apart by more than upper and lower case"


class _Header(NamedTuple):
    """What precedes the data, and the first line of them."""

    classes: tuple[str, ...]
    equal: bool
    first: str


def read_ts(source: TsSource) -> RawSet:
    """`NAME_TRAIN.ts` and, where there is one, `NAME_TEST.ts`; raise DataError for anything unreadable.

    Classes keep the header's order and spelling. Unequal lengths and missing values (`?`, `NaN`) are kept.
    """
    train, test = _files(source)
    classes = _header(train).classes
    return RawSet(_read(train, classes), _read(test, classes) if test else None, classes)


def peek_ts(source: TsSource) -> Extent:
    """From the header and the first series alone, unless lengths may differ."""
    train, _ = _files(source)
    header = _header(train)
    if header.equal:
        channels = header.first.split(":")[:-1]
        length = len(channels[0].split(",")) if channels else 0
        return Extent(len(channels), length, length, len(header.classes))
    raw = _read(train, header.classes)
    require_windows(raw)
    return Extent(raw.channels, *raw.lengths, len(header.classes))


def _files(source: TsSource) -> tuple[Path, Path | None]:
    """The training file, the one named like its folder where there are several, and its test file."""
    folder = folder_of(source.path, "NAME_TRAIN.ts and NAME_TEST.ts")
    found = sorted(folder.glob("*_TRAIN.ts"))
    named = folder / f"{folder.resolve().name}_TRAIN.ts"
    if len(found) != 1 and named not in found:
        seen = ", ".join(path.name for path in found) or "none"
        raise DataError(str(folder), f"one file *_TRAIN.ts, or {named.name}", seen, "check data.source.path")
    train = named if named in found else found[0]
    test = train.with_name(train.name.removesuffix("_TRAIN.ts") + "_TEST.ts")
    return train, test if test.exists() else None


def _header(path: Path) -> _Header:
    # Read beside aeon, which turns class names into lower case and whose import takes seconds.
    tags: dict[str, list[str]] = {}
    with reading(path, _FILE, _HINT), path.open(encoding="utf-8") as lines:
        for line in lines:
            words = line.split()
            if words and words[0].lower() == "@data":
                break
            if words and words[0].startswith("@"):
                tags[words[0].lower()] = words[1:]
        first = next(lines, "").strip()
    if tags.get("@timestamps", ["false"])[0].lower() == "true":
        raise DataError(str(path), "series without time stamps", "@timeStamps true", "write the values alone")
    equal = tags.get("@equallength", ["true"])[0].lower() == "true"
    return _Header(_classes(path, tags.get("@classlabel", [])), equal, first)


def _classes(path: Path, words: list[str]) -> tuple[str, ...]:
    classes = tuple(words[1:]) if words and words[0].lower() == "true" else ()
    if not classes or len({name.lower() for name in classes}) < len(classes):
        found = " ".join(words) or "none"
        raise DataError(str(path), "distinct class names in the header", found, _CLASS_HINT)
    return classes


def _read(path: Path, classes: tuple[str, ...]) -> RawSplit:
    _header(path)
    with reading(path, _FILE, _HINT):
        from aeon.datasets import load_from_ts_file

        x, labels = load_from_ts_file(str(path))
        series: Array | tuple[Array, ...] = x if isinstance(x, np.ndarray) else _as_array(x)
    return RawSplit(str(path), series, _index(path, labels, classes))


def _as_array(series: list[Array]) -> Array | tuple[Array, ...]:
    """One array where the lengths turn out equal."""
    return np.stack(series) if len({one.shape for one in series}) == 1 else tuple(series)


def _index(path: Path, labels: Array, classes: tuple[str, ...]) -> Labels:
    index = {name.lower(): number for number, name in enumerate(classes)}
    found = [str(label).strip().lower() for label in labels]
    for row, label in enumerate(found):
        if label not in index:
            raise DataError(f"{path}, series {row}", f"a class among {', '.join(classes)}", repr(label), _HINT)
    return np.array([index[label] for label in found], dtype=np.int64)
