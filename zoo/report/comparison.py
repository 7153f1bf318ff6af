"""Comparison of two runs: specs, measures, and recall per class on the same windows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from zoo_registry import DataError

from zoo.evaluation.loaded_run import open_run
from zoo.evaluation.report import ClassReport, EvalReport
from zoo.report.differences import SpecDifference, differences
from zoo.report.measures import Judgement, Measure, measures
from zoo.report.stored import evaluation_of, stored_codebook, stored_evaluation
from zoo.runs.folder import RunFolder

NOTHING_SHARED = "The runs share no classifier by which one could be called better."
OTHER_DATA = "different data: the counts are of different windows"


class ClassPair(BaseModel, frozen=True):
    """A class with its windows, and how many of them each run's classifier found."""

    name: str
    windows: int
    found: tuple[int, int]


class Comparison(BaseModel, frozen=True):
    """Comparison of two runs; ``same_data`` is whether their windows are the same.

    ``classes`` are the counts of ``classifier``, the first that both have; it is None if they share none or if the
    windows differ. ``verdict`` states in words which run is better by each shared classifier.
    """

    runs: tuple[str, str]
    same_data: bool
    spec: list[SpecDifference]
    measures: list[Measure]
    classifier: str | None
    classes: list[ClassPair] | None
    verdict: str


def compare(first: Path, second: Path, other_data: bool = False, moved: Sequence[str] = ()) -> Comparison:
    """Compare two finished runs on the test split; a run without stored scores is judged first.

    ``moved`` is the new location of their data, as for `open_run`. Raises DataError if their data differ, unless
    ``other_data`` is set.
    """
    folders = RunFolder(first), RunFolder(second)
    stored = [folder.read() for folder in folders]
    same = stored[0]["fingerprint"] == stored[1]["fingerprint"]
    if not same and not other_data:
        raise _refused(folders, stored)
    a, b = (judgement(folder, moved) for folder in folders)
    common = shared(a.report, b.report)
    classifier = common[0] if common else None
    return Comparison(
        runs=(str(first), str(second)),
        same_data=same,
        spec=differences([part["run"] for part in stored]),
        measures=measures([a, b]),
        classifier=classifier,
        classes=_classes(a.report, b.report, classifier) if classifier and same else None,
        verdict=" ".join(_verdict(a, b, name, same) for name in common) or NOTHING_SHARED,
    )


def judgement(folder: RunFolder, moved: Sequence[str] = ()) -> Judgement:
    """Results of a run: its scores, judged now if necessary, and its codebook if that was measured."""
    measured = stored_codebook(folder)
    name = str(folder.read()["run"]["name"])
    report = stored_evaluation(folder) or evaluation_of(open_run(folder, moved))
    return Judgement(name, folder, report, measured.report if measured else None)


def shared(first: EvalReport, second: EvalReport) -> list[str]:
    """The classifiers to compare by: heads, and judges of rebuilt signals that both runs have."""
    both = [name for name in first.classifiers if name in second.classifiers]
    return [name for name in both if name == "head" or name.endswith(" on rebuilt")]


def _refused(folders: tuple[RunFolder, RunFolder], stored: list[dict[str, Any]]) -> DataError:
    ours, theirs = (part["fingerprint"][:12] for part in stored)
    hint = "add --other-data to set them side by side all the same"
    return DataError(str(folders[1].path), f"the data of {folders[0].path} ({ours}…)", f"others ({theirs}…)", hint)


def _classes(first: EvalReport, second: EvalReport, classifier: str) -> list[ClassPair]:
    a, b = first.classifiers[classifier], second.classifiers[classifier]
    return [
        ClassPair(name=row.name, windows=row.support, found=(a.confusion[k][k], b.confusion[k][k]))
        for k, row in enumerate(a.classes)
    ]


def _verdict(a: Judgement, b: Judgement, classifier: str, same: bool) -> str:
    one, other = a.report.classifiers[classifier], b.report.classifiers[classifier]
    if not same:
        shares = f"{one.accuracy:.3f} of {one.total} and {other.accuracy:.3f} of {other.total} windows"
        return f"{classifier}: {shares}; {OTHER_DATA}, so that none is called better."
    if one.correct == other.correct:
        return f"By {classifier} neither is better: right on {one.correct} of {one.total} windows with both."
    (winner, best), (_, rest) = sorted(
        [(a.folder.path, one), (b.folder.path, other)], key=lambda pair: -pair[1].correct
    )
    words = f"By {classifier} {winner} is better: right on {best.correct} of {best.total} windows"
    return f"{words}, {best.correct - rest.correct} more{_doubt(best, rest)}."


def _doubt(best: ClassReport, rest: ClassReport) -> str:
    """A clause if the difference is within two deviations of two independent counts, √(n p (1 − p)) each."""
    chance = 2 * sum(score.total * score.accuracy * (1 - score.accuracy) for score in (best, rest)) ** 0.5
    return "" if best.correct - rest.correct > chance else f", which chance may well give (up to {chance:.0f})"
