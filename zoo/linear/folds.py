"""Folds of windows that keep groups whole and shares of classes as far as possible."""

import warnings
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

_FOLDS = 5


def folds(labels: Tensor, groups: Tensor | None) -> Sequence[Tensor]:
    """Rows of each of five folds, or of as many as there can be; there must be two windows.

    Windows of one of ``groups (n)`` share a fold.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    y = labels.numpy()
    if np.bincount(y).max() == 1:  # shares of classes cannot be kept
        y = np.zeros_like(y)
    most = min(_FOLDS, int(np.bincount(y).max()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of classes rarer than folds
        if groups is None:
            parts = StratifiedKFold(max(most, 2), shuffle=True, random_state=0).split(y, y)
        else:
            most = max(min(most, len(torch.unique(groups))), 2)
            parts = StratifiedGroupKFold(most, shuffle=True, random_state=0).split(y, y, groups.numpy())
        return [torch.from_numpy(off) for _, off in parts]


def rest(rows: Tensor, size: int) -> Tensor:
    """Rows of ``size`` that are not among ``rows``."""
    away = torch.ones(size, dtype=torch.bool)
    away[rows] = False
    return away.nonzero().squeeze(1)
