"""Ridge regression followed by Gaussians in its scores, one per class."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from zoo.linear.components import Components, find_components
from zoo.linear.folds import folds, rest
from zoo.linear.ridge import Ridge
from zoo.linear.scaling import Scaling

_SHRINK = 0.01
"""Share of the mean variance of scores that is added to each: few windows give a poor estimate of covariances."""


class Discriminant:
    """Penalised discriminant analysis (Hastie, Buja & Tibshirani 1995): a ridge, then Gaussians in its scores.

    A ridge on one-hot targets names a class by its largest score, and where features are few it never names one whose
    windows lie between those of others. The linear discriminant of its scores does; both together are one linear map.

    The Gaussians are fitted to held-out scores. Such scores still leak the labels, if only because a mean without one
    window reveals that window; under a strong penalty nothing else remains. Therefore predictions for held-out windows
    come from a ridge and Gaussians that both have not seen their fold.
    """

    def __init__(self, components: Components, labels: Tensor, classes: int, groups: Tensor | None) -> None:
        """``groups (n)`` are held out together; None holds out each window by itself."""
        self._classes, self._scores = classes, components.scores
        self._whole = _Fitted(components, labels, classes, groups)
        self._parts = []
        for fold in folds(labels, groups):
            kept = rest(fold, len(labels))
            scores = components.scores[kept]
            centre = Scaling(scores.mean(0), torch.ones_like(scores[0]))
            inner = None if groups is None else groups[kept]
            self._parts.append((fold, _Fitted(find_components(scores, centre), labels[kept], classes, inner)))

    def solve(self, alpha: float) -> tuple[Tensor, Tensor]:
        """Map of scores of components `(r k)` and intercept `(k)`, fitted to all windows."""
        return self._whole.solve(alpha)

    def held_out(self, alpha: float) -> Tensor:
        """Held-out scores of each window, from fits without its fold, `(n k)`."""
        found = self._scores.new_empty(len(self._scores), self._classes)
        for fold, fitted in self._parts:
            weight, bias = fitted.solve(alpha)
            centred = self._scores[fold] - fitted.components.scaling.mean
            found[fold] = centred @ fitted.components.expand(weight) + bias
        return found


class _Fitted(NamedTuple):
    """A ridge with its discriminant, of some windows."""

    components: Components
    labels: Tensor
    classes: int
    groups: Tensor | None

    def solve(self, alpha: float) -> tuple[Tensor, Tensor]:
        ridge = Ridge(self.components, self.labels, self.classes, self.groups)
        weight, bias = ridge.solve(alpha)
        turn, shift = discriminant(ridge.held_out(alpha), self.labels, self.classes)
        return weight @ turn, bias @ turn + shift


def discriminant(scores: Tensor, labels: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """Map `(k k)` and intercept `(k)` to log-densities, up to a common term, of Gaussians that share a covariance.

    ``scores (n k)`` are taken about their mean over classes, log-densities about their mean over classes with windows.
    A class without any is the rule of succession's share of that mean, so that no window is ever named after it.
    """
    centre = torch.eye(classes, dtype=scores.dtype) - 1 / classes
    centred = scores @ centre
    counts = torch.bincount(labels, minlength=classes)
    means = torch.zeros(classes, classes, dtype=scores.dtype).index_add_(0, labels, centred)
    means = means / counts.clamp(min=1)[:, None]
    spread = centred - means[labels]
    covariance = spread.T @ spread / len(scores)
    noise = _SHRINK * covariance.diagonal().mean().clamp(min=torch.finfo(scores.dtype).eps)
    inverse = torch.linalg.inv(covariance + noise * torch.eye(classes, dtype=scores.dtype))
    seen = counts > 0
    turn, prior = inverse @ means.T, (counts / len(scores)).log().to(scores.dtype)
    shift = prior - 0.5 * ((means @ inverse) * means).sum(1)
    turn = torch.where(seen, turn - turn[:, seen].mean(1, keepdim=True), 0)
    return centre @ turn, torch.where(seen, shift - shift[seen].mean(), -math.log(len(scores) + classes))
