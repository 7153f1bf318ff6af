"""Pictures of a codebook: its shapes by use, its usage, its classes, and where its codes lie."""

from collections.abc import Callable
from math import ceil, sqrt

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from zoo_registry.suggest import listed, shortened

from zoo.codebook.action_picture import actions_picture
from zoo.codebook.book import Book, Measured
from zoo.codebook.code_statistics import BINS
from zoo.codebook.report import BookReport
from zoo.codebook.shape_grid import percent, shapes_picture
from zoo.codebook.shapes import Array
from zoo.codebook.squares import SHADES, shade, squares
from zoo.evaluation.usage_report import UsageReport
from zoo.plotting.drawing import SMALL, new_figure, plain, tidy
from zoo.plotting.palette import INK, MUTED, ON_SERIES, REBUILT, RULE, SERIES
from zoo.plotting.picture import Picture

_ROWS = 32
"""Number of codes that are shown one by one, the most used."""
_SQUARES = 4096
_NUMBERED = 100
"""Number of codes up to which squares show their numbers."""
_DOUBLINGS = 3
"""Doublings of a class's share, up or down, at full colour."""


def pictures(measured: Measured) -> list[Picture]:
    """Shapes, usage, classes and places of every book."""
    return _of_books(measured, lambda book, report: _of_book(book, report, measured.classes, measured.texts))


def action_pictures(measured: Measured) -> list[Picture]:
    """Codes and their actions of every book; empty for a model whose text names no actions."""

    def draw(book: Book, _: BookReport) -> list[Picture]:
        return [actions_picture(book, measured.texts)] if book.actions is not None and len(book.codes) else []

    return _of_books(measured, draw)


def _of_books(measured: Measured, draw: Callable[[Book, BookReport], list[Picture]]) -> list[Picture]:
    """The pictures that ``draw`` gives for each book, with the number of the book and the split in their names."""
    found = []
    for number, (book, report) in enumerate(zip(measured.books, measured.report.books, strict=True)):
        ending = f"-{number}" if len(measured.books) > 1 else ""
        ending += f"-{measured.report.split}" if measured.report.split != "test" else ""
        for picture in draw(book, report):
            found.append(Picture(f"codebook-{picture.name}{ending}", picture.title, picture.alt, picture.figure))
    return found


def _of_book(book: Book, report: BookReport, names: tuple[str, ...], texts: tuple[str, ...]) -> list[Picture]:
    if not len(book.codes):
        return []
    usage, classes = usage_picture(book.usage), classes_picture(book, names)
    drawn = (shapes_picture(book, report, names, texts), usage, classes, places_picture(book))
    return [picture for picture in drawn if picture is not None]


def usage_picture(usage: UsageReport) -> Picture:
    """How often each code occurs: a grid of squares in the order of their numbers; a dead code is an empty frame.

    With more than 4096 codes, several share one square.
    """
    each = ceil(usage.codes / _SQUARES)
    counts = np.pad(np.asarray(usage.counts), (0, -usage.codes % each)).reshape(-1, each).sum(1)
    side = ceil(sqrt(len(counts)))
    figure = new_figure(4.2, 4.5)
    axis = figure.subplots()
    shades = np.ceil(counts / max(counts.max(), 1) * SHADES).astype(int)
    for found in np.unique(shades[shades > 0]):
        path = squares(np.flatnonzero(shades == found), side)
        axis.add_patch(PathPatch(path, facecolor=SERIES[0], alpha=found / SHADES, linewidth=0))
    axis.add_patch(PathPatch(squares(np.flatnonzero(counts == 0), side), facecolor="none", edgecolor=MUTED, lw=0.6))
    if usage.codes <= _NUMBERED:
        for code, found in enumerate(shades):
            color = ON_SERIES if found > 0.6 * SHADES else INK
            axis.text(code % side, code // side, str(code), ha="center", va="center", fontsize=SMALL, color=color)
    label = f"{usage.book}: {usage.used} of {usage.codes} codes used, perplexity {usage.perplexity:.1f}"
    most = f"{'' if each == 1 else f'{each} codes per square; '}darkest square: {_share(counts)} of tokens"
    tidy(axis, x=f"{most}; empty frames: never used", title=label)
    rows = ceil(len(counts) / side)
    axis.set(xlim=(-0.6, side - 0.4), ylim=(rows - 0.4, -0.6), aspect="equal", xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
    alt = (
        f"{label}; the most used has {_share(np.asarray(usage.counts))} of tokens, {usage.codes - usage.used} are dead."
    )
    return Picture("usage", "Usage of each code", alt, figure)


def _share(counts: Array) -> str:
    return percent(counts.max() / max(counts.sum(), 1))


def classes_picture(book: Book, names: tuple[str, ...]) -> Picture:
    """Classes of each code's tokens, a row per code, coloured by the difference from all tokens."""
    base = book.classes.sum(0)
    counts = np.concatenate([base[None], book.classes[:_ROWS]])
    shares, base = counts / counts.sum(1, keepdims=True), base / base.sum()
    lift = np.log2(np.maximum(np.divide(shares, base, out=np.ones_like(shares), where=base > 0), 2.0**-_DOUBLINGS))
    figure = new_figure(1.5 + 0.4 * max(len(names), 6), 1.7 + 0.2 * len(counts))
    axis = figure.subplots()
    shade(axis, np.clip(lift / _DOUBLINGS, 0, 1), SERIES[0])
    shade(axis, np.clip(-lift / _DOUBLINGS, 0, 1) / 2, REBUILT)
    for row, column in np.argwhere(shares >= 0.005):
        color = ON_SERIES if lift[row, column] > 0.6 * _DOUBLINGS else INK
        text = f"{100 * shares[row, column]:.0f}"
        axis.text(column, row, text, ha="center", va="center", fontsize=SMALL - 1, color=color)
    label = f"{book.usage.book}: percent of each code's tokens by class{_first_rows(book)}"
    tidy(axis, y="code, most used first", title=f"{label}\nblue: more than among all tokens, orange: less")
    axis.axhline(0.5, color=RULE, linewidth=1)
    axis.set(xlim=(-0.5, len(names) - 0.5), ylim=(len(counts) - 0.5, -0.5))
    labels = [plain(shortened(name, 20)) for name in names]
    axis.set_xticks(range(len(names)), labels, rotation=45, ha="right", rotation_mode="anchor")
    axis.set_yticks(range(len(counts)), ["all", *(str(code) for code in book.codes[:_ROWS])])
    return Picture("classes", "Classes of each code", _most_telling(book, lift[1:], shares[1:], names), figure)


def _first_rows(book: Book) -> str:
    return f", the {_ROWS} most used of {len(book.codes)}" if len(book.codes) > _ROWS else ""


def _most_telling(book: Book, lift: Array, shares: Array, names: tuple[str, ...]) -> str:
    """The codes most specific to one class, in a sentence."""
    telling = np.where(shares > 0, lift * shares, -np.inf)
    rows = np.argsort(-telling.max(1), kind="stable")[:3]
    label = [
        f"{names[int(telling[row].argmax())]} has {shares[row, telling[row].argmax()]:.0%} of code {book.codes[row]}"
        for row in rows
    ]
    return f"Classes of each code's tokens, {len(shares)} codes by {len(names)} classes: {listed(label)}."


def places_picture(book: Book) -> Picture | None:
    """Starts and lengths of codes: median, quartiles and nine tenths; None without attributes."""
    if book.starts is None or book.lengths is None:
        return None
    few = min(len(book.codes), _ROWS)
    figure = new_figure(7, 1.1 + 0.19 * few)
    axes = figure.subplots(1, 2, sharey=True)
    for axis, histograms, label in zip(axes, (book.starts, book.lengths), ("start", "length"), strict=True):
        _intervals(axis, histograms[:few])
        tidy(axis, x=f"{label}, share of the series")
        axis.grid(axis="x", color=RULE, linewidth=0.6)
        axis.set_axisbelow(True)
    tidy(axes[0], x="start, share of the series", y="code, most used first", title=book.usage.book + _first_rows(book))
    axes[0].set_ylim(few - 0.5, -0.5)
    axes[0].set_yticks(range(few), [str(code) for code in book.codes[:few]])
    start, length = (_quantile(h.sum(0), 0.5) for h in (book.starts, book.lengths))
    label = "Median, middle half and nine tenths of starts and lengths"
    alt = f"{label} of {few} codes; over all codes the median start is {start:.2f}, the median length {length:.2f}."
    return Picture("places", "Positions and lengths of codes", alt, figure)


def _intervals(axis: Axes, histograms: Array) -> None:
    """A row per code: a thin line over nine tenths of its tokens, a thick one over half, a dot at the median."""
    for row, histogram in enumerate(histograms):
        low, first, middle, third, high = (_quantile(histogram, q) for q in (0.05, 0.25, 0.5, 0.75, 0.95))
        axis.plot((low, high), (row, row), color=MUTED, linewidth=1)
        axis.plot((first, third), (row, row), color=SERIES[0], linewidth=3.5, solid_capstyle="butt")
        axis.plot(middle, row, "o", color=INK, markersize=3)
    axis.set_xlim(-0.01, 1.01)


def _quantile(histogram: Array, share: float) -> float:
    cumulated = histogram.cumsum()
    return float((np.searchsorted(cumulated, max(share * cumulated[-1], 0.5)) + 0.5) / BINS)
