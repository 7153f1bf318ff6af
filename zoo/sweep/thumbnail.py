"""The most used shapes of a run's codebook as a small drawing for a page."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from zoo_registry import DataError, SpecError

from zoo.codebook.report import BookReport
from zoo.codebook.shapes import Array
from zoo.codebook.similarity import FLAT, straightness
from zoo.codebook.stored import read_measured
from zoo.runs.folder import RunFolder

ACROSS, DOWN = 6, 2
WIDTH, HEIGHT = 44, 32
"""Size of a cell."""
_SAMPLES = 32


class Stroke(NamedTuple):
    """One shape: its SVG path, and whether a straight line fits it as well."""

    path: str
    flat: bool


@dataclass(frozen=True)
class Thumbnail:
    """Up to twelve different shapes, most used first, with alternative text and caption."""

    strokes: list[Stroke]
    alt: str
    caption: str

    @property
    def box(self) -> str:
        """The SVG view box, with as many rows as the shapes need."""
        return f"0 0 {ACROSS * WIDTH} {max(-(-len(self.strokes) // ACROSS), 1) * HEIGHT}"


def thumbnail(folder: RunFolder) -> Thumbnail | None:
    """The first book that `zoo codebook` measured on the validation split; None if there are no shapes."""
    try:
        measured = read_measured(folder, "validation")
    except (DataError, SpecError):
        return None
    book, report = measured.books[0], measured.report.books[0]
    if book.shapes is None or report.shapes is None:
        return None
    rows = _different(report)
    usage, more = report.usage, len(measured.books) - 1
    caption = f"{report.shapes.groups} different shapes of {usage.used} used codes of {usage.codes}"
    caption += f", first of {more + 1} books" if more else ""
    first = report.codes[rows[0]].share if rows else 0.0
    alt = f"Shapes of the codebook, most used first: {caption}; the most used code has {first:.0%} of tokens."
    return Thumbnail(_strokes(book.shapes[rows]), alt, caption)


def _different(report: BookReport) -> list[int]:
    """The most used code of each group of near-duplicates, by row."""
    first: dict[int, int] = {}
    for row, code in enumerate(report.codes):
        if code.group is not None:
            first.setdefault(code.group, row)
    return list(first.values())[: ACROSS * DOWN]


def _strokes(shapes: Array) -> list[Stroke]:
    straight = straightness(shapes) >= FLAT
    largest = max(float(np.abs(shapes).max(initial=0)), 1e-9)
    drawn = (_path(shape / largest, cell) for cell, shape in enumerate(shapes))
    return [Stroke(path, bool(flat)) for path, flat in zip(drawn, straight, strict=True)]


def _path(shape: Array, cell: int) -> str:
    """SVG path of a shape within [-1, 1] in its cell."""
    values = np.interp(np.linspace(0, 1, _SAMPLES), np.linspace(0, 1, len(shape)), shape)
    x = (cell % ACROSS + 0.1) * WIDTH + np.linspace(0, 0.8 * WIDTH, _SAMPLES)
    y = (cell // ACROSS + 0.5) * HEIGHT - values * 0.4 * HEIGHT
    return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True))
