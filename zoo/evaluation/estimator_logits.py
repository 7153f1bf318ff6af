"""Logits of an estimator of aeon or scikit-learn, fitted on the training split of a data set."""

import warnings
from typing import NamedTuple

import numpy as np
from zoo_registry import EstimatorSpec, ZooNote

from zoo.data.folds import without_fold
from zoo.data.gaps import bridged
from zoo.data.split import DataSet, Rows, Split
from zoo.evaluation.estimator_judge import Task, fitted
from zoo.evaluation.estimator_scores import (
    Scores,
    log_probabilities,
    only_classes,
    read_scores,
    temperature_of,
)
from zoo.evaluation.estimators import make
from zoo.teachers.logits_file import Logits, LogitsFile

_WHERE = "--estimator"


class EstimatorLogits(NamedTuple):
    """The file, and `in_sample (n k)`, the logits of training windows that the estimator saw in its fit."""

    file: LogitsFile
    in_sample: Logits


def estimator_logits(spec: EstimatorSpec, data: DataSet, folds: Rows | None) -> EstimatorLogits:
    """Fit on the training split and read all three; with `folds (n)`, also fit without each fold and read that fold.

    Logits are log-probabilities. Scores that are no probabilities are divided by one temperature, fitted on the
    out-of-fold scores, or without folds on those of the training windows, which makes them too confident. Raises
    SpecError if the estimator is refused or gives classes only.
    """
    make(spec, _WHERE)
    train, validation, test = (_scores(spec, data, split) for split in (data.train, data.validation, data.test))
    if validation.classes_only:
        raise only_classes(spec, _WHERE)
    known = train if folds is None else _held_out(spec, data, folds)
    if folds is None and not train.probable:
        words = "its scores are made probabilities by the windows it was fitted on: too confident, --folds prevents it"
        warnings.warn(f"{_WHERE} {spec.estimator}: {words}", ZooNote, stacklevel=2)
    temperature = temperature_of(known, data.train.y)
    seen, own, of_validation, of_test = (
        log_probabilities(scores, temperature) for scores in (train, known, validation, test)
    )
    return EstimatorLogits(LogitsFile(own, data.classes, data.fingerprint, of_validation, of_test, folds), seen)


def _held_out(spec: EstimatorSpec, data: DataSet, folds: Rows) -> Scores:
    """Scores of the training windows, each by a fit without its fold."""
    found = np.empty((len(data.train), len(data.classes)))
    probable = True
    for fold in range(int(folds.max()) + 1):
        rows = np.flatnonzero(folds == fold)
        scores = _scores(spec, without_fold(data, folds, fold), data.train.take(rows))
        found[rows], probable = scores.values, scores.probable
    return Scores(found, probable)


def _scores(spec: EstimatorSpec, data: DataSet, split: Split) -> Scores:
    """Scores of ``split``, of the estimator fitted on the training split of ``data``."""
    estimator = fitted(Task(spec, data, _WHERE))
    values = []
    for windows in split.blocks():
        values.append(read_scores(spec, estimator, bridged(windows, data.mean), len(data.classes), _WHERE))
    return Scores(np.concatenate([part.values for part in values]), values[0].probable)
