"""Read `.ts` files of the UEA and UCR archives, through aeon's loader."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from zoo_registry import DataError, for_terminal

from zoo.sources import (
    CUT_SHORT,
    Array,
    Extent,
    Labels,
    RawSet,
    RawSplit,
    data_lines,
    ends_within_a_line,
    folder_of,
    plain_copy,
    reading,
    require_windows,
    visible,
    word,
)
from zoo_data.specs import TsSource

_FILE = "a .ts file as in the UEA and UCR archives"
_HINT = "correct the file, or download it again"
_CLASS_HINT = "write `@classLabel true NAME NAME ...` with every class, different in more than upper and lower case"


class _Header(NamedTuple):
    """The header, and the first line of data."""

    classes: tuple[str, ...]
    equal: bool
    first: str


def read_ts(source: TsSource) -> RawSet:
    """Read `NAME_TRAIN.ts` and, if it exists, `NAME_TEST.ts`; raise DataError for unreadable data.

    Classes keep the header's order and spelling. Unequal lengths and missing values (`?`, `NaN`) are kept.
    """
    train, test = _files(source)
    classes = _header(train).classes
    return RawSet(_read(train, classes), _read(test, classes) if test else None, classes)


def peek_ts(source: TsSource) -> Extent:
    """The extent from the header and the first series only, unless lengths may differ."""
    train, _ = _files(source)
    header = _header(train)
    if header.equal:
        channels = header.first.split(":")[:-1]
        length = len(channels[0].split(",")) if channels else 0
        return Extent(len(channels), length, length, header.classes)
    raw = _read(train, header.classes)
    require_windows(raw)
    return Extent(raw.channels, *raw.lengths, header.classes)


def _files(source: TsSource) -> tuple[Path, Path | None]:
    """The training file and its test file; if there are several, those named like the folder."""
    folder = folder_of(source.path, "NAME_TRAIN.ts and NAME_TEST.ts")
    found = visible(folder, "*_TRAIN.ts")
    named = folder / f"{folder.resolve().name}_TRAIN.ts"
    if len(found) != 1 and named not in found:
        seen = ", ".join(path.name for path in found) or "none"
        raise DataError(str(folder), f"one file *_TRAIN.ts, or {named.name}", seen, "check data.source.path")
    train = named if named in found else found[0]
    test = train.with_name(train.name.removesuffix("_TRAIN.ts") + "_TEST.ts")
    return train, test if test.exists() else None


def _header(path: Path) -> _Header:
    # Read without aeon, which converts class names to lower case and takes seconds to import.
    tags: dict[str, list[str]] = {}
    with reading(path, _FILE, _HINT):
        lines = data_lines(path)
        for line in lines:
            tag, *words = line.split()
            if tag.lower() == "@data":
                break
            if tag.startswith("@"):
                tags[tag.lower()] = words
        first = next(lines, "")
    if tags.get("@timestamps", ["false"])[0].lower() == "true":
        raise DataError(str(path), "series without time stamps", "@timeStamps true", "write the values alone")
    equal = tags.get("@equallength", ["true"])[0].lower() == "true"
    return _Header(_classes(path, tags.get("@classlabel", [])), equal, first)


def _classes(path: Path, words: list[str]) -> tuple[str, ...]:
    classes = tuple(map(for_terminal, words[1:])) if words and words[0].lower() == "true" else ()
    if not classes or len({word(name).lower() for name in classes}) < len(classes):
        found = " ".join(words) or "none"
        raise DataError(str(path), "distinct class names in the header", found, _CLASS_HINT)
    return classes


def _read(path: Path, classes: tuple[str, ...]) -> RawSplit:
    _require_whole_lines(path, _header(path).first.count(":"))
    with reading(path, _FILE, _HINT), plain_copy(path) as plain:  # aeon's loader takes a comment for a series
        from aeon.datasets import load_from_ts_file

        x, labels = load_from_ts_file(str(plain))
        series: Array | tuple[Array, ...] = x if isinstance(x, np.ndarray) else _as_array(x)
    return RawSplit(str(path), series, _index(path, labels, classes))


def _require_whole_lines(path: Path, channels: int) -> None:
    """Raise DataError for a series that does not have ``channels`` channels and a class."""
    with reading(path, _FILE, _HINT):
        lines = data_lines(path)
        any(line.split()[0].lower() == "@data" for line in lines)
        odd = next(((row, line.count(":")) for row, line in enumerate(lines) if line.count(":") != channels), None)
        if odd is not None:
            row, found = odd
            last = next(lines, None) is None and ends_within_a_line(path)
            hint = CUT_SHORT if last and found < channels else "correct that line"
            raise DataError(f"{path}, series {row}", f"{channels} channels and a class", f"{found} channels", hint)


def _as_array(series: list[Array]) -> Array | tuple[Array, ...]:
    """One array if all lengths are equal."""
    return np.stack(series) if len({one.shape for one in series}) == 1 else tuple(series)


def _index(path: Path, labels: Array, classes: tuple[str, ...]) -> Labels:
    index = {word(name).lower(): number for number, name in enumerate(classes)}
    found = [word(str(label)).lower() for label in labels]
    for row, label in enumerate(found):
        if label not in index:
            last = row == len(found) - 1 and ends_within_a_line(path)
            hint = CUT_SHORT if last else "correct the label, or name its class in the header"
            raise DataError(f"{path}, series {row}", f"a class among {', '.join(classes)}", repr(label), hint)
    return np.array([index[label] for label in found], dtype=np.int64)
