"""Train a run once for each subject, on all others, as a sweep, and evaluate it on the one left out."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from zoo_registry import TrainingError, ZooNote

from zoo.crossval.plan import left_out
from zoo.crossval.report import CrossReport, SubjectScore
from zoo.evaluation.loaded_run import open_run
from zoo.evaluation.stored import evaluation_of
from zoo.io.files import write_json
from zoo.process.owned import LOCK_FILE, owned
from zoo.runs.compare import spread
from zoo.runs.folder import RunFolder
from zoo.sweep.folder import SweepFolder
from zoo.sweep.plan import Plan
from zoo.sweep.sweep import Show, sweep

REPORT = "crossval.json"


def leave_one_out(
    plan: Plan, out: Path, show: Show, workers: int = 1, resume: bool = False, storage: str | None = None
) -> CrossReport:
    """Train every run of ``plan``, as `plan_folds` makes it, and evaluate it on the subject left out.

    ``out`` is the folder of a sweep, with `crossval.json`. Subjects whose training failed are in no score, but listed
    with the reason. Raises ZooError as `zoo.sweep.sweep.sweep` does, for a folder of something else, and if no run
    could be trained.
    """
    _require_own(SweepFolder(out))
    with owned(out):
        result, folder = sweep(plan, out, workers, resume, storage, show)
        points = sorted(result.points, key=lambda point: point.number)
        done = [(left_out(plan, point.number), point.runs[0].folder) for point in points if point.state == "done"]
        missing = {left_out(plan, point.number): point.reason or point.state for point in points if not point.values}
        if not done:
            first, reason = next(iter(missing.items()))
            raise TrainingError(f"{out}: {first}", "a trained run", f"none, as {reason}", f"see {folder.logs}")
        scores = [_score(subject, folder.runs / name) for subject, name in done]
        report = _report(plan.spec.name, scores, missing)
        write_json(out / REPORT, report.model_dump(mode="json"))
    return report


def _require_own(folder: SweepFolder) -> None:
    """Raise TrainingError for a folder of something else, such as a cross-validation before it was a sweep."""
    if folder.path.is_dir() and not (folder.spec.exists() or folder.database.exists()):
        foreign = sorted(path.name for path in folder.path.iterdir() if path.name != LOCK_FILE)
        if foreign:
            expected = f"a new folder, or a cross-validation with {folder.spec.name}"
            raise TrainingError(str(folder.path), expected, foreign[0], "name another folder with --out")


def _report(name: str, found: Sequence[SubjectScore], missing: Mapping[str, str]) -> CrossReport:
    varied = [score.accuracy for score in found if score.classes > 1]
    return CrossReport(
        run=name,
        subjects=list(found),
        missing=dict(missing),
        folds=spread([score.accuracy for score in found]),
        varied=spread(varied) if 1 < len(varied) < len(found) else None,
        correct=sum(score.correct for score in found),
        total=sum(score.total for score in found),
        worst=min(found, key=lambda score: score.accuracy).subject,
    )


def _score(subject: str, path: Path) -> SubjectScore:
    if not path.is_dir():
        hint = "copy it back, or from the machine that trained it; or start again with another --out"
        raise TrainingError(str(path), f"the run without {subject}", "none", hint)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "data.split.hold_out", ZooNote)  # counted in the report
        opened = open_run(RunFolder(path))
    report = evaluation_of(opened)
    assert report.head is not None
    learned = np.concatenate([opened.data.train.y, opened.data.validation.y])
    test = opened.data.test.y
    unknown = np.setdiff1d(test, learned)
    return SubjectScore(
        subject=subject,
        folder=str(path),
        correct=report.head.correct,
        total=report.head.total,
        accuracy=report.head.accuracy,
        balanced_accuracy=report.head.balanced_accuracy,
        classes=len(np.unique(test)),
        unknown=[opened.classes[label] for label in unknown],
        unknown_windows=int(np.isin(test, unknown).sum()),
    )
