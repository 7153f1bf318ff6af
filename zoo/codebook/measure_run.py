"""Measure the codebook of a trained run on one of its splits and write the results."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from zoo.codebook.book import Book, Measured, books_of
from zoo.codebook.code_statistics import survey
from zoo.codebook.head_books import HeadStatistics, measure_head
from zoo.codebook.measure import MOST_TRAINING, Windows, measure
from zoo.codebook.stored import write_measured
from zoo.contracts import ShapesHead
from zoo.data.batch import Batch, evenly
from zoo.evaluation.judges import load_judges
from zoo.evaluation.loaded_run import AnySplit, LoadedRun, SplitName, open_run
from zoo.model.coded import CodedModel
from zoo.runs.folder import RunFolder

MOST_FEW = 128
"""Number of windows for deletion and insertion of tokens."""


def measure_run(
    opened: LoadedRun, split: SplitName = "test", beside: Sequence[Path] = (), moved: Sequence[str] = ()
) -> Measured:
    """Measure the codebook of a run, match it with those of the runs ``beside``, and write files into its folder.

    ``moved`` is the new location of the data of those runs, as for `open_run`.
    Raises ZooError when the model has no codebook, when a run beside it cannot be opened, or when codebooks cannot be
    matched.
    """
    others = {str(path): _books(open_run(RunFolder(path), moved), split) for path in beside}
    measured = _of_head(opened, split, others) if _counts_shapes(opened) else _of_quantizer(opened, split, others)
    write_measured(opened.folder, measured, opened.stamp)
    return measured


def _of_quantizer(opened: LoadedRun, split: SplitName, others: Mapping[str, Sequence[Book]]) -> Measured:
    windows = Windows(
        name=split,
        split=opened.batches(split),
        few=_some(opened, split, MOST_FEW),
        train=_some(opened, "train", MOST_TRAINING),
    )
    judges = load_judges(opened.run.evaluation.judges, opened.data, opened.folder.judges)
    return measure(opened.model, windows, opened.classes, judges, others)


def _of_head(opened: LoadedRun, split: SplitName, others: Mapping[str, Sequence[Book]]) -> Measured:
    train = HeadStatistics(opened.model, _some(opened, "train", MOST_TRAINING), len(opened.classes))
    found = HeadStatistics(opened.model, opened.batches(split), len(opened.classes))
    return measure_head(split, found, train, opened.classes, others)


def _counts_shapes(opened: LoadedRun) -> bool:
    """Whether the only codebooks of the model are those of its head."""
    return opened.model.quantizer is None and isinstance(opened.model.head, ShapesHead)


def _books(opened: LoadedRun, split: SplitName) -> list[Book]:
    if _counts_shapes(opened):
        return HeadStatistics(opened.model, opened.batches(split), len(opened.classes)).books
    return books_of(survey(CodedModel(opened.model), opened.batches(split), len(opened.classes)))


def _some(opened: LoadedRun, name: AnySplit, most: int) -> Iterator[Batch]:
    return opened.read(name, evenly(len(opened.split(name)), most))
