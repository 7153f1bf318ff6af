"""Folds of windows that keep groups whole and shares of classes as far as possible."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from zoo.data.folds import stratified

_FOLDS = 5


def folds(labels: Tensor, groups: Tensor | None) -> Sequence[Tensor]:
    """Rows of each of five folds, or of as many as there can be; there must be two windows.

    Windows of one of ``groups (n)`` share a fold.
    """
    y = labels.numpy()
    if np.bincount(y).max() == 1:  # shares of classes cannot be kept
        y = np.zeros_like(y)
    most = min(_FOLDS, int(np.bincount(y).max()))
    if groups is not None:
        most = min(most, len(torch.unique(groups)))
    number = max(most, 2)
    found = stratified(y, None if groups is None else groups.numpy(), number, seed=0)
    return [torch.from_numpy(np.flatnonzero(found == fold)) for fold in range(number)]


def rest(rows: Tensor, size: int) -> Tensor:
    """Rows of ``size`` that are not among ``rows``."""
    away = torch.ones(size, dtype=torch.bool)
    away[rows] = False
    return away.nonzero().squeeze(1)
