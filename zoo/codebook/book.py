"""The report of one book of codes, and the arrays for its pictures; all books of a measured codebook."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from zoo.codebook import classes
from zoo.codebook.code_actions import CodeActions
from zoo.codebook.code_statistics import BINS, CodeStatistics
from zoo.codebook.naming import actions_report, first_actions
from zoo.codebook.report import BookReport, CodebookReport, CodeRow, NearDuplicate, ShapeReport
from zoo.codebook.shapes import Array
from zoo.codebook.similarity import SAME, likeness, mean_warped, straightness, warped
from zoo.evaluation.report import ShapeScore
from zoo.evaluation.usage_report import UsageReport, usage_reports

MOST_SHAPES = 2048
"""Codes whose shapes are compared pair by pair, the most used ones."""
MOST_WARPED = 64
MOST_LISTED = 50


@dataclass(frozen=True)
class Book:
    """Used codes of one book, or of one level, most used first.

    ``codes (u)`` are their numbers, ``classes (u y)`` their tokens by class, ``starts`` and ``lengths (u 100)`` by
    hundredths of the series, ``actions (u g)`` the sums of their predicted chances, and ``shapes (v s)`` the normalised
    shapes of the first v ≤ 2048; None: not known. Shapes of several ``axes`` have these one after the other.
    """

    usage: UsageReport
    codes: Array
    classes: Array
    starts: Array | None
    lengths: Array | None
    shapes: Array | None
    axes: int = 1
    actions: Array | None = None

    @property
    def counts(self) -> Array:
        """Tokens of each code, `(u)`."""
        found: Array = self.classes.sum(1)
        return found


def books_of(found: CodeStatistics, actions: CodeActions | None = None) -> list[Book]:
    """Every book and level of the statistics, with the ``actions`` predicted for their tokens."""
    counts = found.counts
    per_code = counts.sum(-1)
    used = [[most_used(level) for level in book] for book in per_code]
    shapes = found.shapes([[codes[:MOST_SHAPES] for codes in levels] for levels in used])
    reports = usage_reports(torch.from_numpy(per_code))
    return [
        Book(
            usage=reports[g * found.shape[1] + q],
            codes=codes,
            classes=counts[g, q, codes],
            starts=None if found.starts is None else found.starts[g, q, codes],
            lengths=None if found.lengths is None else found.lengths[g, q, codes],
            shapes=None if shapes is None else shapes[g][q],
            actions=None if actions is None else actions.of(g, q, codes),
        )
        for g, levels in enumerate(used)
        for q, codes in enumerate(levels)
    ]


def most_used(counts: Array) -> Array:
    """Codes with nonzero `counts (k)`, most used first."""
    order = np.argsort(-counts, kind="stable")
    return order[counts[order] > 0]


def book_report(
    book: Book,
    source: str | None,
    names: tuple[str, ...],
    fits: Sequence[ShapeScore] | None = None,
    texts: tuple[str, ...] = (),
) -> BookReport:
    """Measures of one book with class ``names``; ``fits (u)`` are those of its used codes, ``texts`` the actions that
    they may name, if any."""
    shapes, groups = _shape_report(book, source)
    return BookReport(
        usage=book.usage,
        codes=_rows(book, names, groups, fits, texts),
        information=classes.information(book.classes),
        class_entropy=classes.entropy(book.classes.sum(0)),
        purity=classes.purity(book.classes),
        shapes=shapes,
        actions=None if book.actions is None else actions_report(book.codes, book.classes, book.actions, names, texts),
    )


def _rows(
    book: Book,
    names: tuple[str, ...],
    groups: Array | None,
    fits: Sequence[ShapeScore] | None,
    texts: tuple[str, ...],
) -> tuple[CodeRow, ...]:
    base, total = book.classes.sum(0), book.counts.sum()
    information = classes.divergences(book.classes)
    lines = None if book.shapes is None else straightness(book.shapes, book.axes)
    return tuple(
        CodeRow(
            code=int(code),
            count=int(book.counts[row]),
            share=float(book.counts[row] / total),
            classes=classes.first_classes(book.classes[row], base, names),
            speaks_for=classes.speaks_for(book.classes[row], base, names),
            information=float(information[row]),
            start=None if book.starts is None else _median(book.starts[row]),
            length=None if book.lengths is None else _median(book.lengths[row]),
            flatness=float(lines[row]) if lines is not None and row < len(lines) else None,
            group=int(groups[row]) if groups is not None and row < len(groups) else None,
            fit=None if fits is None else fits[row],
            actions=() if book.actions is None else first_actions(book.actions[row], texts),
        )
        for row, code in enumerate(book.codes)
    )


def _median(histogram: Array) -> float:
    """The middle of the bin that holds the median."""
    cumulated = histogram.cumsum()
    return float((np.searchsorted(cumulated, cumulated[-1] / 2) + 0.5) / BINS)


def _shape_report(book: Book, source: str | None) -> tuple[ShapeReport | None, Array | None]:
    """Measures of the shapes, and the group of each shape."""
    if book.shapes is None or source is None or not len(book.shapes):
        return None, None
    counts = book.counts[: len(book.shapes)]
    found = likeness(book.shapes, counts, book.axes)
    pairs, listed = _duplicates(book, book.shapes, found.correlation)
    report = ShapeReport(
        source=source,
        measured=len(counts),
        groups=int(found.groups.max()) + 1,
        effective=found.effective,
        distinctness=found.distinctness,
        dtw=mean_warped(book.shapes[:MOST_WARPED], counts[:MOST_WARPED], book.axes),
        flat=int(found.flat.sum()),
        flat_share=found.flat_share,
        pairs=pairs,
        duplicates=listed,
    )
    return report, found.groups


def _duplicates(book: Book, shapes: Array, correlation: Array) -> tuple[int, tuple[NearDuplicate, ...]]:
    """Number of pairs of nearly equal ``shapes``, and the pairs used most."""
    one, other = np.nonzero(np.triu(correlation >= SAME, 1))
    listed = np.argsort(-book.counts[other], kind="stable")[:MOST_LISTED]  # the rarer of a pair, as rows go by use
    one_listed, other_listed = one[listed], other[listed]
    distances = warped(shapes[one_listed], shapes[other_listed], book.axes)
    found = tuple(
        NearDuplicate(
            codes=(int(book.codes[i]), int(book.codes[j])), correlation=float(correlation[i, j]), dtw=float(distance)
        )
        for i, j, distance in zip(one_listed, other_listed, distances, strict=True)
    )
    return len(one), found


@dataclass(frozen=True)
class Measured:
    """The report of a codebook, and its books; ``texts`` are the actions that codes may name."""

    report: CodebookReport
    books: Sequence[Book]
    classes: tuple[str, ...]
    texts: tuple[str, ...] = ()
