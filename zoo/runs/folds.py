"""The folds of a run, stored in its folder: a model per fold is trained on the rest of the training split."""

import warnings
from pathlib import Path

import numpy as np
from pydantic import BaseModel
from zoo_registry import RunSpec, SpecError, TrainingError, ZooError, ZooNote

from zoo.data.folds import Folding, Unit, cut_folds, without_fold
from zoo.data.split import DataSet, Rows
from zoo.io.files import write_json
from zoo.runs.folder import RunFolder
from zoo.specs.read import read_result, validated


class StoredFolds(BaseModel):
    """What stays together, the fold of each training window, and the fingerprint of the data."""

    by: Unit
    fingerprint: str
    folds: list[int]

    @property
    def rows(self) -> Rows:
        """Fold of each training window `(n)`."""
        return np.array(self.folds, dtype=np.intp)

    @property
    def number(self) -> int:
        """Number of folds."""
        return len(set(self.folds))

    def store(self, folder: RunFolder) -> None:
        """Write them into ``folder``: a resumed run uses them, even if a library would cut differently by then."""
        write_json(folder.folds_file, self.model_dump(mode="json"))


def find_folds(folder: RunFolder, data: DataSet, folding: Folding, seed: int, resume: bool) -> StoredFolds:
    """New folds of the training split of ``data``, or with ``resume`` those stored in ``folder``, if any.

    Raises TrainingError for stored ones of other data or another folding, and DataError if the data cannot be cut so.
    """
    if not (resume and folder.folds_file.is_file()):
        cut = cut_folds(data.train, folding, seed)
        return StoredFolds(by=folding.unit, fingerprint=data.fingerprint, folds=cut.tolist())
    stored = read_folds(folder)
    if stored.by != folding.unit or folding.number not in (None, stored.number):
        before = Folding(stored.by, stored.number)
        hint = f"resume with --folds {before}, or choose another --out or name"
        raise TrainingError(str(folder.folds_file), f"--folds {before}, as they were cut", f"--folds {folding}", hint)
    _require_same_data(folder, stored, data)
    return stored


def read_folds(folder: RunFolder) -> StoredFolds:
    """The folds stored in ``folder``; raises DataError for a damaged file, SpecError if there is none."""
    again = f"zoo train {folder.path} --folds UNIT --out OTHER"
    return validated(folder.folds_file, StoredFolds, read_result(folder.folds_file), again)


def own_data(folder: RunFolder, data: DataSet) -> DataSet:
    """What the run in ``folder`` is trained on, of the ``data`` in its spec: for the model of a fold, the rest."""
    path = folder.path.absolute()
    whole = RunFolder(path.parent.parent)
    if path.parent != whole.folds or not path.name.isdecimal() or not whole.folds_file.is_file():
        return data
    stored = read_folds(whole)
    _require_same_data(whole, stored, data)
    return without_fold(data, stored.rows, int(path.name))


def require_foldable(run: RunSpec) -> None:
    """Raise SpecError for a run whose models give no logits, or learn from teachers of the whole training split."""
    if run.model.head is None:
        hint = "add a head, or train without --folds"
        raise SpecError("--folds", "a model with a head, which gives logits", "none in the spec", hint)
    if run.teachers:
        hint = "remove teachers, or train without --folds"
        raise SpecError("--folds", "a run without teachers, as these saw every fold", "teachers in the spec", hint)


def require_unseen(run: RunSpec, data: DataSet) -> None:
    """Raise TrainingError if ``run`` transfers weights that were trained on ``data``: no fold would be new to them.

    Warns with ZooNote if it is not known what the weights were trained on.
    """
    for index, transfer in enumerate(run.transfer):
        where, source = f"transfer.{index}.source", Path(transfer.source)
        home = next((path for path in (source, *source.parents) if _trained_on(data, RunFolder(path))), None)
        if home is not None:
            expected, found = "weights that did not see the folds", f"those of {home}, trained on the same windows"
            raise TrainingError(where, expected, found, "remove the transfer, or train without --folds")
        words = "logits are out-of-fold only if these weights were trained on other windows"
        warnings.warn(f"{where}, {source}: {words}", ZooNote, stacklevel=3)


def _trained_on(data: DataSet, folder: RunFolder) -> bool:
    """Whether ``folder`` is known to be that of a run on ``data``; a `run.json` can also be a spec."""
    try:
        return folder.run_file.is_file() and data.has(folder.read()["fingerprint"])
    except ZooError:
        return False


def note_lone_classes(data: DataSet, folds: Rows) -> None:
    """Warn with ZooNote of classes whose training windows are all in one fold: no model that predicts them saw one."""
    y = data.train.y
    lone = [name for index, name in enumerate(data.classes) if len(np.unique(folds[y == index])) == 1]
    if lone:
        words = "are in one fold, whose model never saw such a window"
        warnings.warn(f"--folds: all training windows of {', '.join(lone)} {words}", ZooNote, stacklevel=2)


def _require_same_data(folder: RunFolder, stored: StoredFolds, data: DataSet) -> None:
    if not data.has(stored.fingerprint) or len(stored.folds) != len(data.train):
        hint = "restore the data, or start a new run under another name"
        raise TrainingError(str(folder.folds_file), "the data that the folds were cut of", "other data", hint)
