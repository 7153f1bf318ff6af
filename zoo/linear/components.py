"""Principal components of scaled features: the space of a penalised linear map of few windows or few features."""

from typing import NamedTuple

import torch
from torch import Tensor

from zoo.linear.scaling import Scaling, slices

_NOTHING = 1e-13
"""An eigenvalue below this share of the largest is rounding."""


class Components(NamedTuple):
    """Scaled features X `(n f)` = scores · axesᵀ: ``scores (n r)`` are orthogonal, of squared norms ``values (r)``.

    ``axes (f r)`` are None where windows are fewer than features: they follow from the scores.
    """

    scores: Tensor
    values: Tensor
    features: Tensor
    scaling: Scaling
    axes: Tensor | None

    def expand(self, weight: Tensor) -> Tensor:
        """Convert a map of scores `(r k)` to one of unscaled features: `(f k)`."""
        if self.axes is not None:
            return self.scaling.factor[:, None] * (self.axes @ weight)
        rows = self.scores @ (weight / self.values[:, None])
        parts = slices(self.features.shape[1])
        mapped = torch.cat([self.scaling.apply(self.features[:, part], part).T @ rows for part in parts])
        return self.scaling.factor[:, None] * mapped


def find_components(features: Tensor, scaling: Scaling) -> Components:
    """The components of `features (n f)`, from whichever Gram matrix is smaller: of windows, or of features."""
    windows, size = features.shape
    if windows <= size:
        values, vectors = torch.linalg.eigh(_gram_of_windows(features, scaling))
        values, vectors = _kept(values, vectors)
        return Components(vectors * values.sqrt(), values, features, scaling, None)
    gram = torch.zeros(size, size, dtype=torch.float64)
    for rows in slices(windows):
        scaled = scaling.apply(features[rows])
        gram.addmm_(scaled.T, scaled)
    values, axes = _kept(*torch.linalg.eigh(gram))
    scores = torch.cat([scaling.apply(features[rows]) @ axes for rows in slices(windows)])
    return Components(scores, values, features, scaling, axes)


def _gram_of_windows(features: Tensor, scaling: Scaling) -> Tensor:
    """X Xᵀ `(n n)`; only the lower triangle of its blocks, as `eigh` reads no other."""
    gram = torch.zeros(len(features), len(features), dtype=torch.float64)
    for part in slices(features.shape[1]):
        scaled = scaling.apply(features[:, part], part)
        for rows in slices(len(scaled)):
            gram[rows, : rows.stop].addmm_(scaled[rows], scaled[: rows.stop].T)
    return gram


def _kept(values: Tensor, vectors: Tensor) -> tuple[Tensor, Tensor]:
    real = values > _NOTHING * values.clamp(min=0)[-1:]
    return values[real], vectors[:, real]
