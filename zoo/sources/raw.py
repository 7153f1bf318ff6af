"""The result of a reader: windows as stored, before any step, and metadata that is known without reading them."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from mmap import mmap
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from zoo_registry import DataError

Array = NDArray[Any]
Labels = NDArray[np.int64]
Rows = NDArray[np.intp]

_BLOCK_VALUES = 2**22


class Sensor(NamedTuple):
    """Metadata of a source: channel names, sampling rate (Hz), unit, and seconds of a moving mean; None if unknown."""

    channel_names: tuple[str, ...] | None = None
    rate: float | None = None
    units: str | None = None
    smooth: float | None = None


class Extent(NamedTuple):
    """Number of channels of a source, samples of its shortest and longest window, class names, and its sensor."""

    channels: int
    shortest: int
    longest: int
    classes: tuple[str, ...]
    sensor: Sensor = Sensor()


class LazyWindows(ABC):
    """Windows `(n c t)` in float32 that are read when rows are taken, such as from several files.

    It is read like an array: ``x[3]`` is a window `(c t)`, ``x[2:5]`` and ``x[rows]`` are windows `(b c t)`.
    """

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self.shape = shape

    @abstractmethod
    def take(self, rows: Rows) -> NDArray[np.float32]:
        """The windows at ``rows (b)``, in any order and as often as they are named, `(b c t)`."""

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def size(self) -> int:
        """Number of values."""
        return int(np.prod(self.shape))

    def __getitem__(self, index: int | slice | Rows) -> Array:
        if isinstance(index, slice):
            return self.take(np.arange(*index.indices(len(self))))
        if isinstance(index, np.ndarray):
            return self.take(index)
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        found: Array = self.take(np.array([index % len(self)]))[0]
        return found

    def __iter__(self) -> Iterator[Array]:
        return (self[row] for row in range(len(self)))


@dataclass(frozen=True)
class RawSplit:
    """One stored split.

    ``x`` is an array `(n c t)`, memory-mapped where the format allows, or windows that are read on access, or a tuple
    of series `(c t)` of unequal length; ``y (n)`` are class indices; ``subject`` and ``group`` `(n)` are names or
    numbers, None if unknown. ``repeats (n)`` is how often an epoch of training has each window, None = once. ``where``
    is the source file or folder; ``files`` is the file of each window if every window has its own, and ``lines`` the
    line of ``where`` at which each window starts, counted from 1, if it is a text file.
    """

    where: str
    x: Array | LazyWindows | tuple[Array, ...]
    y: Labels
    subject: Array | None = None
    group: Array | None = None
    files: Sequence[str] = ()
    lines: Labels | None = None
    repeats: Labels | None = None

    def __len__(self) -> int:
        return len(self.x)

    @property
    def channels(self) -> int:
        """Number of channels of every window; the split must not be empty."""
        return int(self.x[0].shape[0])

    @property
    def lengths(self) -> tuple[int, int]:
        """Samples of the shortest and of the longest window."""
        if isinstance(self.x, tuple):
            found = [series.shape[1] for series in self.x]
            return min(found), max(found)
        return self.x.shape[2], self.x.shape[2]

    def blocks(self) -> Iterator[tuple[int, Array]]:
        """Index of the first window, and windows `(b c t)` of one length; never loads all into memory at once."""
        if isinstance(self.x, tuple):
            yield from ((row, series[None]) for row, series in enumerate(self.x))
            return
        for rows in row_blocks(self.x.shape):
            require_whole(self.x, self.where)
            yield rows.start, self.x[rows]

    def place(self, row: int) -> str:
        """Location of window ``row``, for messages."""
        if self.files:
            return self.files[row]
        return f"{self.where}, window {row}" if self.lines is None else f"{self.where}, line {self.lines[row]}"


class RawSet(NamedTuple):
    """Content of a source: a training split, a test split if it has one, class names by index, and its sensor."""

    train: RawSplit
    test: RawSplit | None
    classes: tuple[str, ...]
    sensor: Sensor = Sensor()

    @property
    def splits(self) -> list[RawSplit]:
        """The training split, and the test split if there is one."""
        return [self.train] if self.test is None else [self.train, self.test]

    @property
    def extent(self) -> Extent:
        """The extent of its splits. Raises DataError if one of them has no windows."""
        for split in self.splits:
            require_windows(split)
        shortest, longest = zip(*(split.lengths for split in self.splits), strict=True)
        return Extent(self.train.channels, min(shortest), max(longest), self.classes, self.sensor)


def require_windows(split: RawSplit) -> None:
    """Raise DataError for a split without windows, or windows without channels or samples."""
    if not len(split):
        raise DataError(split.where, "at least one window", "an empty split", "fill the file, or leave the split out")
    if split.channels < 1:
        raise DataError(split.where, "at least one channel", "none", "write the file again")
    if split.lengths[0] < 1:
        raise DataError(
            split.where, "at least one sample in every window", "a window with none", "leave such windows out"
        )


def require_whole(x: Array | LazyWindows, where: str) -> None:
    """Raise DataError if the memory-mapped file of ``x`` has become shorter, because reading it would crash."""
    base: object = x
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap) and base.size() < len(base):
        hint = "write data to another file and rename it, so that readers keep the one they opened"
        raise DataError(where, f"{len(base)} bytes, as when it was opened", str(base.size()), hint)


def row_blocks(shape: tuple[int, ...]) -> Iterator[slice]:
    """Slices over the first axis of ``shape``, about four million values each."""
    step = max(1, _BLOCK_VALUES // max(1, int(np.prod(shape[1:]))))
    for start in range(0, shape[0], step):
        yield slice(start, min(start + step, shape[0]))
