"""Comparison of two runs: specs, measures, and recall per class on the same windows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from zoo_registry import DataError

from zoo.codebook.stored import stored_report
from zoo.evaluation.loaded_run import open_run
from zoo.evaluation.report import EvalReport
from zoo.evaluation.score import HEAD, Reader, Score
from zoo.evaluation.stored import evaluation_of, stored_evaluation
from zoo.findings.finding import Finding
from zoo.report.measures import Judgement, Measure, measures
from zoo.report.spec_view import spec_view
from zoo.report.text_or_label import text_or_label
from zoo.runs.compare import chance
from zoo.runs.folder import RunFolder
from zoo.specs.differences import SpecDifference, differences

NOTHING_SHARED = "The runs have no classifier in common, so neither is called better."
OTHER_DATA = "different data, so the counts are of different windows"


class ClassPair(BaseModel, frozen=True):
    """A class with its windows, and how many of them each run's classifier found."""

    name: str
    windows: int
    found: tuple[int, int]


class Comparison(BaseModel, frozen=True):
    """Comparison of two runs; ``same_data`` is whether their windows are the same.

    ``classes`` are the counts of ``classifier``, the first that both have; it is None if they share none or if the
    windows differ. ``verdict`` states in words which run is better by each shared classifier, ``findings`` what only
    both runs together show.
    """

    runs: tuple[str, str]
    same_data: bool
    spec: list[SpecDifference]
    measures: list[Measure]
    classifier: Reader | None
    classes: list[ClassPair] | None
    verdict: str
    findings: tuple[Finding, ...] = ()


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
    worded = text_or_label([a, b]) if same else None
    first_pair = common[0] if common else None
    return Comparison(
        runs=(str(first), str(second)),
        same_data=same,
        spec=differences([spec_view(part["run"]) for part in stored], apart=("name",)),
        measures=measures([a, b]),
        classifier=first_pair[0].reader if first_pair else None,
        classes=_classes(*first_pair) if first_pair and same else None,
        verdict=" ".join(_verdict(str(first), one, str(second), other, same) for one, other in common)
        or NOTHING_SHARED,
        findings=worded.findings if worded else (),
    )


def judgement(folder: RunFolder, moved: Sequence[str] = ()) -> Judgement:
    """Results of a run: its scores, judged now if necessary, and its codebook if that was measured."""
    name = str(folder.read()["run"]["name"])
    report = stored_evaluation(folder) or evaluation_of(open_run(folder, moved))
    return Judgement(name, folder, report, stored_report(folder))


def shared(first: EvalReport, second: EvalReport) -> list[tuple[Score, Score]]:
    """The scores to compare: those of the models' own heads, and of judges of rebuilt signals that both runs have."""
    pairs = [(score, second.score(score.reader)) for score in first.scores]
    return [
        (one, other)
        for one, other in pairs
        if other is not None and (one.reader == HEAD or one.reader.reads == "rebuilt")
    ]


def _refused(folders: tuple[RunFolder, RunFolder], stored: list[dict[str, Any]]) -> DataError:
    ours, theirs = (part["fingerprint"][:12] for part in stored)
    hint = "add --other-data to compare them anyway"
    return DataError(str(folders[1].path), f"the data of {folders[0].path} ({ours}…)", f"other data ({theirs}…)", hint)


def _classes(first: Score, second: Score) -> list[ClassPair]:
    return [
        ClassPair(name=row.name, windows=row.support, found=(first.confusion[k][k], second.confusion[k][k]))
        for k, row in enumerate(first.classes)
    ]


def _verdict(first: str, one: Score, second: str, other: Score, same: bool) -> str:
    words = one.reader.words
    if not same:
        shares = f"{one.accuracy:.3f} of {one.total} and {other.accuracy:.3f} of {other.total} windows"
        return f"By {words}: {shares}; {OTHER_DATA}, so neither run is called better."
    if one.correct == other.correct:
        return f"By {words}, neither run is better: {one.correct} of {one.total} windows are correct in both."
    (winner, best), (_, rest) = sorted([(first, one), (second, other)], key=lambda pair: -pair[1].correct)
    lead = f"By {words}, {winner} is better: {best.correct} of {best.total} windows are correct"
    return f"{lead}, {best.correct - rest.correct} more{_doubt(best, rest)}."


def _doubt(best: Score, rest: Score) -> str:
    """A clause if the difference may be chance."""
    largest = chance(best.correct, rest.correct, best.total)
    if best.correct - rest.correct > largest:
        return ""
    return f", which may be chance (differences up to {largest:.0f} may be)"
