"""Train a run, and a model per fold of its training split that does not see the fold, for logits of unseen windows."""

import warnings
from pathlib import Path

import numpy as np
from zoo_registry import RunSpec, TrainingError, ZooNote

from zoo.data.folds import Folding, without_fold
from zoo.data.split import DataSet, Rows
from zoo.process.owned import owned
from zoo.runs.data import load_set
from zoo.runs.folder import RunFolder
from zoo.runs.folds import find_folds, note_lone_classes, require_foldable, require_unseen
from zoo.teachers.counts import Count, counts
from zoo.teachers.logits_file import LogitsFile
from zoo.teachers.model_logits import bundle_logits
from zoo.texts.filling import with_data
from zoo.training.devices import find_devices
from zoo.training.fit import train


def train_folds(
    run: RunSpec, path: Path, folding: Folding, resume: bool = False, quiet: bool = False, diagnose: bool = False
) -> list[Count]:
    """Train ``run`` into ``path`` as `train` does, then a model per fold, and write `logits.npz`; returns its counts.

    The model of a fold has the same spec, is trained on the rest of the training split, and keeps its last weights.
    With ``resume`` a stopped run continues where it stopped: folds stay as they were cut, and finished ones are not
    trained again.

    Raises ZooError as `train` does, for a folding that does not fit the data, for several processes, and for a run
    whose models give no logits, or start from weights that saw the folds.
    """
    require_foldable(run)
    processes = find_devices(run.trainer).processes
    if processes > 1:
        hint = "add --set trainer.devices=1 --set trainer.nodes=1, or train without --folds"
        raise TrainingError("--folds", "training in one process", f"{processes} by trainer", hint)
    data, folder = load_set(run), RunFolder(path)
    require_unseen(run, data)
    folds = find_folds(folder, data, folding, run.data.split.seed, resume)
    note_lone_classes(data, folds.rows)
    with owned(path):
        train(run, path, resume, quiet, diagnose, data=data)
        folds.store(folder)
        for fold in range(folds.number):
            _train_fold(run, folder.fold(fold), without_fold(data, folds.rows, fold), fold, quiet, diagnose)
        return _write_logits(folder, data, folds.rows, run.evaluation.batch)


def _train_fold(run: RunSpec, folder: RunFolder, data: DataSet, fold: int, quiet: bool, diagnose: bool) -> None:
    """Train the model of a fold on ``data``, which lack the fold, unless that is finished."""
    own = _run_of_fold(run, fold)
    if folder.bundle.is_dir():
        folder.require_same(with_data(own, data.input), data)
        return
    with warnings.catch_warnings():
        # They are in the fold's folder; printed, they would repeat those of the run.
        warnings.filterwarnings("ignore", category=ZooNote, module="zoo.training.findings_callback")
        train(own, folder.path, resume=True, quiet=quiet, diagnose=diagnose, data=data)


def _run_of_fold(run: RunSpec, fold: int) -> RunSpec:
    """``run`` with the last weights: a selected epoch could fit the student's validation split better than the fold."""
    training = run.training.model_copy(update={"select": "last"})
    evaluation = run.evaluation.model_copy(update={"protocol": "honest"})  # the other one requires a selection
    changed = {"name": f"{run.name[:50]}.fold-{fold}", "training": training, "evaluation": evaluation}
    return run.model_copy(update=changed)


def _write_logits(folder: RunFolder, data: DataSet, folds: Rows, batch: int) -> list[Count]:
    in_sample, validation, test = bundle_logits(folder.bundle, (data.train, data.validation, data.test), batch)
    unseen = np.empty_like(in_sample)
    for fold in range(int(folds.max()) + 1):
        rows = np.flatnonzero(folds == fold)
        (unseen[rows],) = bundle_logits(folder.fold(fold).bundle, (data.train.take(rows),), batch)
    file = LogitsFile(unseen, data.classes, data.fingerprint, validation, test, folds.astype(np.int64))
    file.write(folder.logits)
    return counts(file, data, in_sample)
