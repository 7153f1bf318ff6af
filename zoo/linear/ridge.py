"""Ridge regression on components, with held-out predictions."""

import torch
from torch import Tensor
from torch.nn import functional as F

from zoo.linear.components import Components


class Ridge:
    """Least squares on one-hot targets with the penalty alpha · |map|²; the intercept is not penalised.

    Held-out predictions are in closed form, group by group. With H = Z (S + αI)⁻¹ Zᵀ + 1 1ᵀ/n, the fit to all windows
    of scores Z with squared norms S, the residuals of group g under a fit without it, its intercept included, are
    (I − H_gg)⁻¹ (y − H y)_g (Cook & Weisberg 1982 for least squares; a ridge is least squares with rows added). In
    terms of G = (K + αI)⁻¹, K being the Gram matrix of features centred over all windows, I − H is α (G − 1 1ᵀ/(αn)).
    Without the last term it would be a ridge without intercept on features centred over all windows, held-out ones
    included, which leaks their labels.
    """

    def __init__(self, components: Components, labels: Tensor, classes: int, groups: Tensor | None) -> None:
        """``groups (n)`` are held out together; None, or one group alone, holds out each window by itself."""
        self._components = components
        self._targets = F.one_hot(labels, classes).double()
        together = groups is not None and len(torch.unique(groups)) > 1
        self._held = _by_size(groups if together and groups is not None else torch.arange(len(labels)))

    def solve(self, alpha: float) -> tuple[Tensor, Tensor]:
        """Map of scores `(r k)` and intercept `(k)`, fitted to all windows."""
        scores, values = self._components.scores, self._components.values
        return (scores.T @ self._targets) / (values + alpha)[:, None], self._targets.mean(0)

    def held_out(self, alpha: float) -> Tensor:
        """Scores of each window from the fit without its group, `(n k)`; 0 if there is no other window."""
        if len(self._targets) == 1:
            return torch.zeros_like(self._targets)
        weight, bias = self.solve(alpha)
        rest = self._targets - self._components.scores @ weight - bias
        half = self._components.scores * (self._components.values + alpha).rsqrt()
        found = torch.empty_like(rest)
        for rows in self._held:
            ours = half[rows]
            left = torch.eye(rows.shape[1], dtype=ours.dtype) - ours @ ours.mT - 1 / len(rest)
            found[rows] = self._targets[rows] - torch.linalg.solve(left, rest[rows])
        return found


def _by_size(numbers: Tensor) -> list[Tensor]:
    """Rows of every group, groups of one size together: `(g m)` for each size m."""
    counts = torch.unique(numbers, return_counts=True)[1]
    order, starts = torch.argsort(numbers, stable=True), counts.cumsum(0) - counts
    return [order[starts[counts == size, None] + torch.arange(int(size))] for size in torch.unique(counts)]
