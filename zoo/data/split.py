"""A split and a data set as training and evaluation see them; windows are read and brought to length on access."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from zoo_registry import InputSpec
from zoo_registry.data import LengthSpec

from zoo.data.leaks import Leaks
from zoo.sources.labels import ONE_CLASS
from zoo.sources.length import to_length
from zoo.sources.raw import Array, Labels, LazyWindows, require_whole, row_blocks

Rows = NDArray[np.intp]


class Windows(NamedTuple):
    """Windows `x (b c t)` float32, 0 where unobserved, and `mask (b c t)`, True where observed, None = everywhere."""

    x: NDArray[np.float32]
    mask: NDArray[np.bool_] | None


@dataclass(frozen=True)
class Split:
    """Windows and labels of one split.

    ``source (m c t')`` holds the stored windows, possibly memory-mapped; ``rows (n)`` are the indices of this split's
    windows in it, in training as often as an epoch has them; ``step`` is the length step. ``y (n)`` are class indices;
    ``subject`` and ``group`` `(n)` are None if unknown. ``stays (n)`` are equal for windows that are never separated by
    a split, according to ``data.split.by``; None if every window is independent. ``masked``: windows have a mask.
    ``turns (n 3 3)`` are rotations of the axes of each window, channels in threes; None = no rotation.
    """

    name: str
    source: Array | LazyWindows
    rows: Rows
    step: LengthSpec | None
    masked: bool
    y: Labels
    subject: Array | None = None
    group: Array | None = None
    stays: Rows | None = None
    turns: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Windows, channels and samples after the length step: `(n c t)`."""
        _, channels, length = self.source.shape
        return len(self.rows), channels, self.step.to if self.step else length

    def take(self, rows: Rows) -> "Split":
        """The split of only the windows at ``rows``, in that order."""
        columns = {"subject": self.subject, "group": self.group, "stays": self.stays, "turns": self.turns}
        taken = {name: None if column is None else column[rows] for name, column in columns.items()}
        return replace(self, rows=self.rows[rows], y=self.y[rows], **taken)  # type: ignore[arg-type]  # each of its own type

    def read(self, index: slice | Rows) -> Windows:
        """The windows at ``index`` of this split, in one vectorised conversion."""
        require_whole(self.source, f"windows of the {self.name} split")
        x = np.ascontiguousarray(self.source[self.rows[index]], dtype=np.float32)
        if self.step is not None:
            x = np.ascontiguousarray(to_length(x, self.step))
        if self.turns is not None:
            x = _turned(x, self.turns[index])
        if not self.masked:
            return Windows(x, None)
        mask = ~np.isnan(x)
        return Windows(np.where(mask, x, np.float32(0)), mask)

    def blocks(self) -> Iterator[Windows]:
        """All windows in order, a few megabytes at a time."""
        for rows in row_blocks(self.shape):
            yield self.read(rows)


def _turned(x: Array, turns: NDArray[np.float32]) -> Array:
    """`x (b c t)` with every three channels rotated; if one axis is unobserved, all three become unobserved."""
    moved = (turns != np.eye(3, dtype=np.float32)).any((1, 2))  # a window that is not rotated keeps its mask
    threes = x[moved].reshape(int(moved.sum()), x.shape[1] // 3, 3, x.shape[-1])
    x[moved] = np.einsum("nij,ngjt->ngit", turns[moved], threes).reshape(-1, *x.shape[1:])
    return x


@dataclass(frozen=True)
class DataSet:
    """Three splits of one data set.

    ``input`` is the input of a model trained on them, with class names. ``mean`` and ``std`` `(c)` are those of the
    training split over observed samples. ``fingerprint`` is equal for equal content, splits and steps;
    ``stored_fingerprint`` only if the stored types of values are also equal, like every fingerprint up to version 0.1.
    ``shared_subjects`` are subjects of training or validation that are also in test, None if subjects are unknown.
    ``leaks`` counts windows that are in two splits.
    """

    train: Split
    validation: Split
    test: Split
    input: InputSpec
    mean: NDArray[np.float64]
    std: NDArray[np.float64]
    fingerprint: str
    stored_fingerprint: str
    shared_subjects: tuple[str, ...] | None
    leaks: Leaks

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names by index; a single one for windows without labels, whose ``input`` has none."""
        return self.input.class_names or (ONE_CLASS,)

    def has(self, fingerprint: str) -> bool:
        """Whether these are the data of a run with ``fingerprint``, from this version or an earlier one."""
        return fingerprint in (self.fingerprint, self.stored_fingerprint)
