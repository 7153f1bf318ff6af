"""The grid of a book's shapes: one cell per group of near-duplicates, most used first."""

from collections.abc import Sequence
from math import ceil

import numpy as np
from matplotlib.axes import Axes
from zoo_registry.suggest import shortened

from zoo.codebook.book import Book
from zoo.codebook.report import BookReport, ShapeReport
from zoo.codebook.shapes import Array, normalised
from zoo.codebook.similarity import FLAT, straightness
from zoo.plotting.drawing import SMALL, TEXT, new_figure, plain
from zoo.plotting.palette import INK, MUTED, REBUILT, RULE, SERIES, SOFT
from zoo.plotting.picture import Picture

_ACROSS, _CELLS = 6, 60
"""Cells per row, and the most cells in all."""
_WIDTH, _HEIGHT, _LINE = 1.25, 1.2, 0.13
"""Size of a cell in inches, and what a line of text adds to its height."""
_COLOURS = ("blue", "green", "violet", "ochre", "pink", "teal")
"""Names of these colours."""
_LONGEST_ACTION = 18
_THIN = 24
"""Number of shapes of a group that are drawn beside their mean."""


def shapes_picture(
    book: Book, report: BookReport, names: tuple[str, ...], texts: tuple[str, ...] = ()
) -> Picture | None:
    """Shapes of used codes with their number, count, share, first class and, of ``texts``, first action.

    None if they were not measured.
    """
    if book.shapes is None or report.shapes is None:
        return None
    groups = _groups(report)
    shown = groups[:_CELLS]
    across = min(_ACROSS, len(shown))
    down, width = ceil(len(shown) / across), max(across, 4)
    height = _HEIGHT if book.actions is None else _HEIGHT + _LINE
    figure = new_figure(_WIDTH * width, height * down + 0.5)
    axis = figure.subplots()
    for cell, rows in enumerate(shown):
        _cell(axis, (cell % across, -(cell // across)), rows, book, book.shapes[rows], report, names, texts)
    axis.set(xlim=(0, width), ylim=(1 - down, 1))
    axis.axis("off")
    caption = _caption(
        len(shown), len(groups), report, sum(book.counts[rows].sum() for rows in shown) / book.counts.sum()
    )
    axis.set_title(
        f"{plain(caption)}\norange: a straight line fits as well{_axes(book)}", fontsize=TEXT + 0.5, loc="left"
    )
    return Picture(
        "shapes", "Shapes of the codes, most used first", _alt(caption, shown[0], book, report.shapes, names), figure
    )


def _axes(book: Book) -> str:
    """Which colour each axis has, in words; nothing where there is one axis."""
    if book.axes == 1:
        return ""
    again = ", and again" if book.axes > len(_COLOURS) else ""
    return f"; {book.axes} axes in the order {', '.join(_COLOURS[: book.axes])}{again}"


def _groups(report: BookReport) -> list[list[int]]:
    """Rows of codes by group, the group used most first."""
    groups: dict[int, list[int]] = {}
    for row, code in enumerate(report.codes):
        if code.group is not None:
            groups.setdefault(code.group, []).append(row)
    return sorted(groups.values(), key=lambda rows: -sum(report.codes[row].count for row in rows))


def _caption(shown: int, groups: int, report: BookReport, share: float) -> str:
    some = f"{shown} of {groups}" if shown < groups else str(groups)
    noun = "shape" if groups == 1 else "different shapes"
    used = f"{report.usage.used} used of {report.usage.codes} codes"
    rest = f", {share:.0%} of tokens" if share < 0.9995 else ""
    return f"{report.usage.book}: {some} {noun} from {used}{rest}"


def _alt(caption: str, first: Sequence[int], book: Book, report: ShapeReport, names: tuple[str, ...]) -> str:
    counts = book.classes[first].sum(0)
    share, mostly = counts.sum() / book.classes.sum(), names[int(counts.argmax())]
    codes = f"{len(first)} codes draw" if len(first) > 1 else "one code draws"
    straight = f"{report.flat} of {report.measured} codes have a shape that a straight line fits as well"
    return f"{caption}. The most used shape, which {codes}, has {share:.0%} of tokens, mostly of {mostly}; {straight}."


def _cell(
    axis: Axes,
    corner: tuple[int, int],
    rows: list[int],
    book: Book,
    shapes: Array,
    report: BookReport,
    names: tuple[str, ...],
    texts: tuple[str, ...],
) -> None:
    """One group: its ``shapes`` thin, their mean thick, what it is in words above and below."""
    counts = book.counts[rows]
    mean = normalised(counts @ shapes)
    _lines(axis, corner, shapes, mean, book.axes)
    share, classes = counts.sum() / book.counts.sum(), book.classes[rows].sum(0)
    several = f" ×{len(rows)} codes" if len(rows) > 1 else ""
    _write(axis, corner, 0.9, f"{report.codes[rows[0]].code}{several}", INK)
    _write(axis, corner, 0.78, f"{counts.sum():,} · {percent(share)}", SOFT)
    first = int(classes.argmax())
    _write(axis, corner, 0.14, f"{shortened(names[first])} {classes[first] / classes.sum():.0%}", SOFT)
    if book.actions is not None:
        action = texts[int(book.actions[rows].sum(0).argmax())]
        _write(axis, corner, 0.03, shortened(action, _LONGEST_ACTION), INK)


def _lines(axis: Axes, corner: tuple[int, int], shapes: Array, mean: Array, axes: int) -> None:
    """A line for each axis of the ``mean (s)``, and thin ones of the group's shapes where there is one axis."""
    straight = straightness(mean[None], axes)[0] >= FLAT
    scale = 0.21 / max(np.abs(shapes).max(), 1e-9)
    parts = mean.reshape(axes, -1)
    across, middle = corner[0] + 0.04 + 0.88 * np.linspace(0, 1, parts.shape[1]), corner[1] + 0.46
    axis.plot((across[0], across[-1]), (middle, middle), color=RULE, linewidth=0.6)
    if len(shapes) > 1 and axes == 1:
        for shape in shapes[:_THIN]:
            axis.plot(across, middle + scale * shape, color=MUTED, linewidth=0.5)
    for number, part in enumerate(parts):
        color = REBUILT if straight else SERIES[number % len(SERIES)]
        axis.plot(across, middle + scale * part, color=color, linewidth=1.6 if axes == 1 else 1.2)


def _write(axis: Axes, corner: tuple[int, int], height: float, text: str, color: str) -> None:
    place = corner[0] + 0.04, corner[1] + height
    axis.text(*place, plain(text), color=color, fontsize=SMALL, va="center")


def percent(share: float) -> str:
    """A share in percent with two digits, such as 23%, 4.1% or 0.07%."""
    digits = 0 if share >= 0.0995 else 1 if share >= 0.00995 else 2
    return f"{share:.{digits}%}"
