"""The measures of a codebook together: one pass over training windows, one over the split, few windows for the rest."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch

from zoo.assembly import ZooModel
from zoo.codebook.book import Book, book_report, books_of
from zoo.codebook.bypass import Bypass
from zoo.codebook.faithfulness import Classifier, faithfulness
from zoo.codebook.measured import Measured
from zoo.codebook.probe import probe
from zoo.codebook.report import CodebookReport
from zoo.codebook.score import score, score_parts
from zoo.codebook.stability import stability
from zoo.codebook.survey import Survey, survey
from zoo.data.batch import Batch


@dataclass(frozen=True)
class Windows:
    """Batches of a split named ``name``, a few of them, and those of the training split that measures may learn of."""

    name: str
    split: Iterable[Batch]
    few: Iterable[Batch]
    train: Iterable[Batch]


def measure(
    model: ZooModel,
    windows: Windows,
    classes: tuple[str, ...],
    judges: Mapping[str, ZooModel] | None = None,
    beside: Mapping[str, Sequence[Book]] | None = None,
) -> Measured:
    """Everything that can be measured of the codebook of a model in evaluation mode.

    ``judges`` are classifiers of signals, ``beside`` the books of other runs. What is learned, probe, order of codes
    and the codes put in place of others, is learned of training windows. Raises SpecError for a model without a
    quantizer.
    """
    train = survey(model, windows.train, len(classes))
    found, bypass = _pass(model, windows.split, train)
    books = books_of(found)
    reports = tuple(book_report(book, found.source, classes) for book in books)
    probed, bypassed = probe(train, found), bypass.report() if bypass else None
    parts = score_parts(reports, bypassed, probed)
    report = CodebookReport(
        split=windows.name,
        windows=len(found.labels),
        tokens=int(found.counts[:, 0].sum()),
        books=reports,
        bypass=bypassed,
        probe=probed,
        faithfulness=faithfulness(Classifier(model, judges or {}), windows.few, train),
        stability=stability(books, beside or {}),
        parts=parts,
        score=score(parts),
    )
    return Measured(report, books, classes)


@torch.no_grad()
def _pass(model: ZooModel, batches: Iterable[Batch], train: Survey) -> tuple[Survey, Bypass | None]:
    found = Survey(model, train.classes)
    bypass = Bypass(model, train) if model.decoder is not None else None
    for batch in batches:
        output = model.encode(batch.x, batch.mask)
        found.update(output, batch.y)
        if bypass is not None:
            bypass.update(output)
    return found, bypass
