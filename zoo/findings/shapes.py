"""How different the shapes of used codes are: from a codebook report, or drawn from a model at little cost."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zoo.codebook.book import most_used
from zoo.codebook.report import BookReport
from zoo.codebook.shapes import Array, decoded_shapes, shape_source
from zoo.codebook.similarity import likeness
from zoo.evaluation.usage_report import UsageReport
from zoo.model.assembly import ZooModel
from zoo.model.coded import CodedModel

MOST = 256
"""Number of codes drawn per book, the most used ones: representative, and no more costly than a batch."""


@dataclass(frozen=True)
class Shapes:
    """Fields of a ShapeReport with the same names, for ``measured`` codes of one book."""

    usage: UsageReport
    measured: int
    effective: float
    distinctness: float
    flat: int
    flat_share: float


def reported_shapes(books: Sequence[BookReport]) -> tuple[Shapes, ...]:
    """Shapes of the books that have them; later levels only correct shapes and are left out."""
    return tuple(
        Shapes(book.usage, found.measured, found.effective, found.distinctness, found.flat, found.flat_share)
        for book in books
        if (found := book.shapes) is not None and not corrects(book.usage)
    )


def draw_shapes(model: ZooModel, usages: Sequence[UsageReport]) -> tuple[Shapes, ...]:
    """Shapes that the decoder of a ``model`` in evaluation mode draws for the used codes of ``usages``.

    Empty if a single code has no shape.
    """
    if not usages:
        return ()
    coded = CodedModel(model)
    used = [most_used(np.asarray(usage.counts))[:MOST] for usage in usages]
    if shape_source(coded) != "decoded" or not all(len(codes) for codes in used):
        return ()
    drawn = decoded_shapes(coded, used)
    return tuple(_compare(*book) for book in zip(usages, used, drawn, strict=True))


def _compare(usage: UsageReport, codes: Array, shapes: Array) -> Shapes:
    found = likeness(shapes, np.asarray(usage.counts)[codes])
    return Shapes(usage, len(codes), found.effective, found.distinctness, int(found.flat.sum()), found.flat_share)


def corrects(usage: UsageReport) -> bool:
    """Whether these are codes of a later level, which only correct the first."""
    return "level" in usage.book and not usage.book.endswith("level 0")
