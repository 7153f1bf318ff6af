"""Train a run once for each subject, on all others, and evaluate it on the one left out."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from zoo_registry import Registry, RunSpec, SpecError, ZooNote

from zoo.crossval.checks import require_crossable
from zoo.crossval.report import CrossReport, SubjectScore
from zoo.data.sources import read
from zoo.evaluation.loaded_run import open_run
from zoo.evaluation.stored import evaluation_of
from zoo.io.files import write_json
from zoo.process.owned import owned
from zoo.runs.compare import spread
from zoo.runs.folder import RunFolder
from zoo.sources import RawSet
from zoo.texts.filling import with_data
from zoo.training.fit import train

REPORT = "crossval.json"
_FEWEST = 2


def leave_one_out(run: RunSpec, out: Path, resume: bool = False, quiet: bool = False) -> CrossReport:
    """Train and evaluate ``run`` for every subject of its data, each in a run folder in ``out``; write `crossval.json`.

    With ``resume``, finished subjects are not trained again and a stopped one continues. Raises ZooError as `train`
    does, for data without subjects or with a test split, and for a run that cannot be cross-validated.
    """
    require_crossable(run)
    raw = read(run.data.source)
    names = _subjects(raw)
    width = len(str(len(names)))
    with owned(out):
        folders = [RunFolder(out / f"{number:0{width}d}") for number in range(1, len(names) + 1)]
        found = [_score(run, name, folder, resume, quiet) for name, folder in zip(names, folders, strict=True)]
        report = _report(run.name, found)
        write_json(out / REPORT, report.model_dump(mode="json"))
    return report


def _report(name: str, found: Sequence[SubjectScore]) -> CrossReport:
    varied = [score.accuracy for score in found if score.classes > 1]
    return CrossReport(
        run=name,
        subjects=list(found),
        folds=spread([score.accuracy for score in found]),
        varied=spread(varied) if 1 < len(varied) < len(found) else None,
        correct=sum(score.correct for score in found),
        total=sum(score.total for score in found),
        worst=min(found, key=lambda score: score.accuracy).subject,
    )


def _subjects(raw: RawSet) -> list[str]:
    stored = raw.train
    if raw.test is not None:
        hint = "set data.source.test to null, and keep all windows in the training split"
        raise SpecError("data.source", "windows without a test split of their own", "one", hint)
    if stored.subject is None:
        raise SpecError("data.source.subject", "a known subject for every window", "none", "name the subject files")
    names: list[str] = np.unique(stored.subject.astype(str)).tolist()
    if len(names) < _FEWEST:
        raise SpecError("data.source", f"{_FEWEST} subjects or more", str(len(names)), "add windows of other people")
    return names


def _score(run: RunSpec, subject: str, folder: RunFolder, resume: bool, quiet: bool) -> SubjectScore:
    plain = run.dump()
    plain["data"]["split"]["hold_out"] = [subject]
    plain["name"] = f"{run.name[:50]}.{folder.path.name}"
    own = Registry.discover().run(plain)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "data.split.hold_out", ZooNote)  # counted in the report
        if not (resume and folder.bundle.is_dir()):
            train(own, folder.path, resume, quiet)
        opened = open_run(folder)
    folder.require_same(with_data(own, opened.data.input), opened.data)
    report = evaluation_of(opened)
    assert report.head is not None
    learned = np.concatenate([opened.data.train.y, opened.data.validation.y])
    test = opened.data.test.y
    unknown = np.setdiff1d(test, learned)
    return SubjectScore(
        subject=subject,
        folder=str(folder.path),
        correct=report.head.correct,
        total=report.head.total,
        accuracy=report.head.accuracy,
        balanced_accuracy=report.head.balanced_accuracy,
        classes=len(np.unique(test)),
        unknown=[opened.classes[label] for label in unknown],
        unknown_windows=int(np.isin(test, unknown).sum()),
    )
