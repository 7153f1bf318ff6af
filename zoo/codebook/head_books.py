"""Measures of the codebooks of a head that counts shapes: those that need no reconstruction."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch
from scipy.sparse import coo_array, csr_array, hstack, vstack
from torch import Tensor

from zoo.codebook.book import MOST_SHAPES, Book, Measured, book_report, most_used
from zoo.codebook.code_statistics import BINS
from zoo.codebook.probe import probe
from zoo.codebook.report import CodebookReport
from zoo.codebook.score import DEFINITION, score, score_parts
from zoo.codebook.shapes import Array, normalised
from zoo.codebook.stability import stability
from zoo.contracts import ShapeBook, ShapesHead, Uses
from zoo.data.batch import Batch
from zoo.evaluation.usage_report import usage_report
from zoo.model.assembly import ZooModel

SOURCE = "learned"
"""Source of the shapes: the codes are shapes themselves."""


class BookCount:
    """Stretches of one book, each counted for its nearest code, by class and by start."""

    def __init__(self, book: ShapeBook, classes: int) -> None:
        size = len(book.shapes)
        self.book = book
        self.classes = np.zeros((size, classes), np.int64)
        self.starts = np.zeros((size, BINS), np.int64)
        self._histograms: list[csr_array] = []

    def update(self, uses: Uses, labels: Tensor, length: int) -> None:
        """Add the stretches of windows of classes ``labels (b)`` and of ``length`` samples."""
        codes = uses.codes.cpu().numpy()
        windows, series, _ = codes.shape
        seen = np.ones(codes.shape, bool) if uses.seen is None else uses.seen.cpu().numpy()
        classes = np.broadcast_to(labels.cpu().numpy()[:, None, None], codes.shape)
        places = np.broadcast_to(uses.starts.cpu().numpy() * BINS // length, codes.shape)
        for table, column in ((self.classes, classes), (self.starts, places)):
            table += _count(codes[seen] * table.shape[1] + column[seen], table.size).reshape(table.shape)
        size = series * len(self.classes)
        feature = np.arange(series)[:, None] * len(self.classes) + codes
        window = np.broadcast_to(np.arange(windows)[:, None, None], codes.shape)
        ones = np.ones(int(seen.sum()), np.float32)
        self._histograms.append(coo_array((ones, (window[seen], feature[seen])), shape=(windows, size)).tocsr())

    @property
    def histograms(self) -> csr_array:
        """Counts of codes per window `(m f)`, features being series and code."""
        return csr_array(vstack(self._histograms))

    def found(self) -> Book:
        """The used codes, most used first; a shape of several axes has deviation 1 over all of them."""
        shapes = self.book.shapes.double().cpu()
        codes = most_used(self.classes.sum(1))
        drawn = normalised(shapes[codes[:MOST_SHAPES]].flatten(1).numpy())
        return Book(
            usage=usage_report(self.book.name, torch.from_numpy(self.classes.sum(1))),
            codes=codes,
            classes=self.classes[codes],
            starts=self.starts[codes],
            lengths=None,
            shapes=drawn,
            axes=shapes.shape[1],
        )


class HeadStatistics:
    """One pass over windows: a ``BookCount`` for each book of the head of ``model``, and the windows' ``labels``."""

    def __init__(self, model: ZooModel, batches: Iterable[Batch], classes: int) -> None:
        head = model.head
        assert isinstance(head, ShapesHead)
        self.classes = classes
        self.counts = [BookCount(book, classes) for book in head.books()]
        labels: list[Array] = []
        with torch.no_grad():
            for batch in batches:
                output = model.encode(batch.x, batch.mask)
                output = model.decode(output) if model.decoder is not None else output
                for count, uses in zip(self.counts, head.uses(output), strict=True):
                    count.update(uses, batch.y, output.x.shape[-1])
                labels.append(batch.y.cpu().numpy())
        self.labels = np.concatenate(labels)

    @property
    def histograms(self) -> csr_array:
        """Counts per window of the codes of the smallest books, `(m f)`."""
        smallest = min(len(count.classes) for count in self.counts)
        return csr_array(hstack([count.histograms for count in self.counts if len(count.classes) == smallest]))

    @property
    def books(self) -> list[Book]:
        """Every book."""
        return [count.found() for count in self.counts]


def measure_head(
    name: str,
    split: HeadStatistics,
    train: HeadStatistics,
    classes: tuple[str, ...],
    beside: Mapping[str, Sequence[Book]],
) -> Measured:
    """Measures on the split called ``name``: usage, classes, shapes, and the probe of the smallest books.

    Nothing is rebuilt from these codes and no token can be removed, so that bypass and faithfulness are not measured.
    """
    books = split.books
    reports = tuple(book_report(book, SOURCE, classes) for book in books)
    probed = probe(train, split)
    parts = score_parts(reports, None, None, probed)
    report = CodebookReport(
        split=name,
        windows=len(split.labels),
        tokens=int(sum(book.counts.sum() for book in books)),
        books=reports,
        bypass=None,
        probe=probed,
        faithfulness=None,
        stability=stability(books, beside),
        parts=parts,
        score=score(parts),
        definition=DEFINITION,
    )
    return Measured(report, books, classes)


def _count(values: Array, size: int) -> Array:
    return np.bincount(values, minlength=size)
