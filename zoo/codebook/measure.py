"""All measures of a codebook: one pass over training windows, one over the split, few windows for the rest."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch

from zoo.codebook.ablation import CodeAblation
from zoo.codebook.action_report import TextReport
from zoo.codebook.book import Book, Measured, book_report, books_of
from zoo.codebook.code_actions import CodeActions
from zoo.codebook.code_fit import CodeFit
from zoo.codebook.code_statistics import CodeStatistics, survey
from zoo.codebook.faithfulness import classifier_of, faithfulness
from zoo.codebook.probe import probe
from zoo.codebook.report import BookReport, BypassReport, CodebookReport, ProbeReport
from zoo.codebook.score import DEFINITION, score, score_parts
from zoo.codebook.stability import stability
from zoo.data.batch import Batch
from zoo.evaluation.judge import Judge
from zoo.evaluation.report import ShapeScore
from zoo.model.assembly import ZooModel
from zoo.model.coded import CodedModel

MOST_TRAINING = 16_384
"""Number of training windows from which the probe and the order of codes are learned."""


@dataclass(frozen=True)
class Windows:
    """Batches of a split named ``name``, a few of them, and those of the training split for learned measures."""

    name: str
    split: Iterable[Batch]
    few: Iterable[Batch]
    train: Iterable[Batch]


def measure(
    model: ZooModel,
    windows: Windows,
    classes: tuple[str, ...],
    judges: Mapping[str, Judge] | None = None,
    beside: Mapping[str, Sequence[Book]] | None = None,
) -> Measured:
    """All measures of the codebook of a model in evaluation mode.

    ``judges`` are classifiers of signals, ``beside`` the books of other runs. Probe, order of codes and replacement
    codes are learned from training windows. Raises SpecError for a model without a quantizer.
    """
    coded = CodedModel(model)
    train, actions = survey(coded, windows.train, len(classes)), CodeActions(coded)
    found = _find(coded, windows.split, train, classes, judges or {}, actions)
    report = CodebookReport(
        split=windows.name,
        windows=len(found.survey.labels),
        tokens=int(found.survey.counts[:, 0].sum()),
        books=found.reports,
        bypass=found.bypass,
        probe=found.probe,
        faithfulness=faithfulness(coded, classifier_of(model, judges or {}), windows.few, train),
        stability=stability(found.books, beside or {}),
        fit=found.fit,
        text=_text(model, actions),
        parts=found.parts,
        score=score(found.parts),
        definition=DEFINITION,
    )
    return Measured(report, found.books, classes, actions.texts)


def _text(model: ZooModel, actions: CodeActions) -> TextReport | None:
    spec = model.spec.text
    return TextReport(control=spec.control, contrast=actions.contrast) if spec is not None and actions.texts else None


def codebook_score(model: ZooModel, split: Iterable[Batch], train: Iterable[Batch], classes: tuple[str, ...]) -> float:
    """Only the score that ``measure`` gives for the same windows, at lower cost."""
    coded = CodedModel(model)
    return score(_find(coded, split, survey(coded, train, len(classes)), classes, judges={}).parts)


@dataclass(frozen=True)
class _Found:
    """Results of one pass over a split, and the parts of the score."""

    survey: CodeStatistics
    books: list[Book]
    reports: tuple[BookReport, ...]
    bypass: BypassReport | None
    fit: ShapeScore | None
    probe: ProbeReport
    parts: dict[str, float]


def _find(
    model: CodedModel,
    batches: Iterable[Batch],
    train: CodeStatistics,
    classes: tuple[str, ...],
    judges: Mapping[str, Judge],
    actions: CodeActions | None = None,
) -> _Found:
    found = CodeStatistics(model, train.classes)
    bypass = CodeAblation(model, train, judges) if model.model.decoder is not None else None
    fit = CodeFit(model)
    _pass(model, batches, found, actions, bypass, fit)
    books, whole = books_of(found, actions), fit.whole()
    reports = tuple(
        book_report(book, found.source, classes, fit.of(number, book.codes), actions.texts if actions else ())
        for number, book in enumerate(books)
    )
    probed, bypassed = probe(train, found), bypass.report(whole.room if whole else None) if bypass else None
    parts = score_parts(reports, bypassed, whole, probed)
    return _Found(found, books, reports, bypassed, whole, probed, parts)


@torch.no_grad()
def _pass(
    model: CodedModel,
    batches: Iterable[Batch],
    found: CodeStatistics,
    actions: CodeActions | None,
    bypass: CodeAblation | None,
    fit: CodeFit,
) -> None:
    for batch in batches:
        output = model.encode(batch.x, batch.mask)
        found.update(output, batch.y)
        if actions is not None:
            actions.update(output, batch.y)
        if bypass is not None:
            decoded = model.model.decode(output)
            bypass.update(output, decoded, batch.y)
            fit.update(decoded)
