"""A judge from aeon or scikit-learn: an estimator fitted once on the raw training windows of a run."""

import warnings
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from zoo_registry import EstimatorSpec, TrainingError, ZooNote

from zoo.data.batch import evenly
from zoo.data.digest import digest
from zoo.data.gaps import bridged
from zoo.data.split import DataSet, Rows, Windows
from zoo.evaluation.answers import Answers
from zoo.evaluation.estimators import Estimator, fit, make, predict, release
from zoo.evaluation.judge import Reading, require_labels

_WITNESSES = 64
"""Number of training windows whose predictions identify a fit."""
_REHEARSED = 10
"""Windows per class in a rehearsal: as many as ten folds need."""


class EstimatorJudge:
    """Classifies with a fit of ``spec`` on the training split of ``data``; predictions are stored in ``folder``.

    The fit itself is not stored: estimators could only be stored in files that run code when they are opened. It is
    repeated with the same seed when a window has no stored prediction.
    """

    def __init__(self, name: str, spec: EstimatorSpec, data: DataSet, folder: Path) -> None:
        self.spec = spec
        self.where = f"evaluation.judges.{name}"
        make(spec, self.where)
        self._task = Task(spec, data, self.where)
        self._answers = Answers(folder / f"{name}.npz", self._task.facts)
        self._estimator: Estimator | None = None
        self._answered = False

    @property
    def words(self) -> str:
        """The estimator, its library's version, and the number of windows it was fitted on."""
        rows = len(self._task.rows)
        return f"{self.spec} ({self.spec.library} {release(self.spec)}), fitted on {rows:,} raw training windows"

    def read(self, x: Tensor, mask: Tensor | None) -> Reading:
        """As `Judge.read`, without logits; gaps are interpolated linearly.

        Raises TrainingError when a new fit disagrees with stored predictions that were already used.
        """
        taken = Windows(x.detach().float().cpu().numpy(), None if mask is None else mask.cpu().numpy())
        return Reading(torch.from_numpy(self._classes(bridged(taken, self._task.data.mean))).to(x.device), None)

    def _classes(self, windows: NDArray[np.float32]) -> NDArray[np.int64]:
        keys = [digest(window) for window in windows]
        if None in self._answers.find(keys):
            estimator = self._fitted()
            new = [i for i, known in enumerate(self._answers.find(keys)) if known is None]
            self._answers.add([keys[i] for i in new], predict(self.spec, estimator, windows[new], self.where))
        self._answered = True
        return np.array(self._answers.find(keys), np.int64)

    def _fitted(self) -> Estimator:
        """The estimator, fitted if necessary; predictions of another fit are dropped, with a note."""
        if self._estimator is None:
            self._estimator = fitted(self._task)
            self._recognise(self._estimator)
        return self._estimator

    def _recognise(self, estimator: Estimator) -> None:
        rows = evenly(len(self._task.rows), _WITNESSES)
        windows = self._task.windows(self._task.rows[rows])
        keys = [digest(window) for window in windows]
        said = predict(self.spec, estimator, windows, self.where)
        before = self._answers.find(keys)
        changed = sum(old not in (None, new) for old, new in zip(before, said.tolist(), strict=True))
        if changed:
            self._answers.forget()
            found = f"another class for {changed} of {len(keys)} training windows"
            if self._answered:  # a table half of one fit, half of another
                hint = "the stored predictions were deleted; run the command again"
                raise TrainingError(self.where, "the fit whose predictions are stored", found, hint)
            words = f"the new fit predicts {found}; scores are of the new fit"
            warnings.warn(f"{self.where}: {words}", ZooNote, stacklevel=2)
        elif self._answers.other is not None:
            words = f"fitted again, because {self._answers.path} is of another fit: {self._answers.other}"
            warnings.warn(f"{self.where}: {words}", ZooNote, stacklevel=2)
        self._answers.add(keys, said)


def rehearse(spec: EstimatorSpec, data: DataSet, where: str) -> None:
    """Fit on a few training windows of each class; raises SpecError for errors that would otherwise follow training."""
    rows = np.concatenate([np.flatnonzero(data.train.y == label)[:_REHEARSED] for label in np.unique(data.train.y)])
    task = Task(spec, data, where)
    predict(spec, fit(spec, task.windows(rows), data.train.y[rows], where), task.windows(rows[:1]), where)


class Task:
    """An estimator and its training data; two with equal facts are equal."""

    def __init__(self, spec: EstimatorSpec, data: DataSet, where: str) -> None:
        require_labels(where, data.input)
        self.spec = spec
        self.data = data
        self.where = where
        self.rows: Rows = evenly(len(data.train), spec.windows or len(data.train))
        self.facts = {"data": data.fingerprint, "version": release(spec), **spec.model_dump(mode="json")}

    def __hash__(self) -> int:
        return hash(str(self.facts))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Task) and self.facts == other.facts

    def windows(self, rows: Rows) -> NDArray[np.float32]:
        """Training windows `(b c t)` at ``rows``, with gaps interpolated."""
        return bridged(self.data.train.read(rows), self.data.mean)


@lru_cache(maxsize=2)
def fitted(task: Task) -> Estimator:
    """The fit of ``task``, cached within this process."""
    words = f"fitting {task.spec.estimator} on {len(task.rows):,} raw training windows"
    warnings.warn(f"{task.where}: {words}", ZooNote, stacklevel=2)
    return fit(task.spec, task.windows(task.rows), task.data.train.y[task.rows], task.where)
