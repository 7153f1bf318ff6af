"""Logistic regression on components, with held-out predictions."""

import math
import warnings

import torch
from torch import Tensor

from zoo.linear.components import Components
from zoo.linear.folds import folds, rest

_STEPS = 1000


class Logistic:
    """Summed cross-entropy plus alpha/2 · |map|², by scikit-learn; the intercept is not penalised.

    Held out are five folds with the shares of classes kept as far as possible.
    """

    def __init__(self, components: Components, labels: Tensor, classes: int, groups: Tensor | None) -> None:
        """Windows of one of ``groups (n)`` share a fold."""
        self._scores, self._labels, self._classes = components.scores, labels, classes
        # Where all windows are alike there is no component, and scikit-learn fits no intercept without a feature.
        self._read = self._scores if self._scores.shape[1] else self._scores.new_zeros(len(labels), 1)
        self._folds = folds(labels, groups)

    def solve(self, alpha: float) -> tuple[Tensor, Tensor]:
        """Map of scores `(r k)` and intercept `(k)`, fitted to all windows."""
        return self._fit(torch.arange(len(self._labels)), alpha)

    def held_out(self, alpha: float) -> Tensor:
        """Scores of each window from the fit without its fold, `(n k)`."""
        found = self._scores.new_empty(len(self._labels), self._classes)
        for fold in self._folds:
            weight, bias = self._fit(rest(fold, len(self._labels)), alpha)
            found[fold] = self._scores[fold] @ weight + bias
        return found

    def _fit(self, rows: Tensor, alpha: float) -> tuple[Tensor, Tensor]:
        """Of ``rows``; a class with none of them is as likely everywhere as the rule of succession has it."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression

        weight = self._scores.new_zeros(self._scores.shape[1], self._classes)
        bias = self._scores.new_full((self._classes,), -math.log(len(rows) + self._classes))
        seen = torch.unique(self._labels[rows])
        if len(seen) == 1:
            bias[seen] = 0
            return weight, bias
        model = LogisticRegression(C=1 / alpha, max_iter=_STEPS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # after so many steps what is left is flat
            model.fit(self._read[rows].numpy(), self._labels[rows].numpy())
        found = torch.from_numpy(model.coef_.T)[: len(weight)]
        intercept = torch.from_numpy(model.intercept_)
        if len(seen) == 2:  # one logit, of the second class over the first
            found, intercept = torch.cat([-found / 2, found / 2], 1), torch.cat([-intercept / 2, intercept / 2])
        weight[:, seen], bias[seen] = found, intercept
        return weight, bias
