"""The histogram probe: a linear classifier of how often each code occurs."""

import warnings
from typing import Protocol

import numpy as np
from scipy.sparse import csr_array, diags_array
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from zoo.codebook.report import ProbeReport
from zoo.codebook.shapes import Array

_PENALTY = 0.1
"""C of scikit-learn's LogisticRegression: fixed, so that it is not selected on data."""
_STEPS = 300


class Histograms(Protocol):
    """Counts of codes in windows, and the windows' classes."""

    @property
    def classes(self) -> int:
        """Number of classes."""

    @property
    def labels(self) -> Array:
        """Class of every window, `(m)`."""

    @property
    def histograms(self) -> csr_array:
        """Counts of codes per window, `(m f)`."""


def probe(train: Histograms, split: Histograms) -> ProbeReport:
    """Logistic regression on shares of codes per channel and level, divided by their deviation in ``train``."""
    support = np.bincount(split.labels, minlength=split.classes)
    guess = _fit_and_predict(_shares(train.histograms), train.labels, _shares(split.histograms))
    return ProbeReport(correct=int((guess == split.labels).sum()), total=len(split.labels), majority=int(support.max()))


def _shares(counts: csr_array) -> csr_array:
    """Counts of each window `(m f)` over the number of its codes."""
    return csr_array(diags_array(1 / np.maximum(counts.sum(1), 1)) @ counts)


def _fit_and_predict(x: csr_array, y: Array, other: csr_array) -> Array:
    """Classes of ``other`` predicted by a classifier fitted to ``x`` and ``y``; the only class if there is just one."""
    if len(np.unique(y)) < 2:
        return np.full(other.shape[0], y[0])
    scale = StandardScaler(with_mean=False).fit(x)  # means are not subtracted, so that the matrix stays sparse
    learner = LogisticRegression(C=_PENALTY, max_iter=_STEPS, tol=1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        learner.fit(scale.transform(x), y)
    found: Array = learner.predict(scale.transform(other))
    return found
