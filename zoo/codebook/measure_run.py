"""Measure the codebook of a trained run on one of its splits and write what was found."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from zoo.codebook.book import Book, books_of
from zoo.codebook.measure import MOST_TRAINING, Windows, measure
from zoo.codebook.measured import Measured
from zoo.codebook.stored import write_measured
from zoo.codebook.survey import survey
from zoo.data.batch import Batch, evenly
from zoo.evaluate.judges import load_judges
from zoo.evaluate.opened import AnySplit, Opened, SplitName, open_run
from zoo.run_folder import RunFolder

MOST_FEW = 128
"""Windows of which codes' tokens are deleted."""


def measure_run(opened: Opened, split: SplitName = "test", beside: Sequence[Path] = ()) -> Measured:
    """Measure the codebook of a run, match it with those of the runs ``beside``, and write files into its folder.

    Raises ZooError when the model has no codebook, when a run beside it cannot be opened, or codebooks not be matched.
    """
    others = {str(path): _books(open_run(RunFolder(path)), split) for path in beside}
    windows = Windows(
        name=split,
        split=opened.batches(split),
        few=_some(opened, split, MOST_FEW),
        train=_some(opened, "train", MOST_TRAINING),
    )
    judges = load_judges(opened.run.evaluation.judges, opened.data, opened.folder.judges)
    measured = measure(opened.model, windows, opened.classes, judges, others)
    write_measured(opened.folder, measured, opened.folder.stamp())
    return measured


def _books(opened: Opened, split: SplitName) -> list[Book]:
    return books_of(survey(opened.model, opened.batches(split), len(opened.classes)))


def _some(opened: Opened, name: AnySplit, most: int) -> Iterator[Batch]:
    return opened.read(name, evenly(len(opened.split(name)), most))
