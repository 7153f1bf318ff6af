"""Distillation of similarity maps, stage by stage."""

from collections.abc import Iterator, Sequence
from math import isqrt

import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional as F

from zoo.contracts import Distiller, Lesson, Losses, gram, merged_grams, required, unit_rows


class Similarity(Distiller):
    """Mean squared difference between maps whose rows have length 1."""

    def __init__(self, normalise: str, pairs: str) -> None:
        super().__init__()
        self.before = normalise == "before"
        self.pairs = pairs

    def forward(self, lesson: Lesson) -> Losses:
        parts = [F.mse_loss(own, theirs) for own, theirs in stages(lesson, self.pairs, self.before)]
        return {"sp": torch.stack(parts).mean()}


class Orthogonal(Distiller):
    """Squared difference between the correlations of patches."""

    def __init__(self, patches: int, cut: str, pairs: str) -> None:
        super().__init__()
        self.grid = (isqrt(patches), isqrt(patches)) if cut == "blocks" else (patches, 1)
        self.pairs = pairs

    def forward(self, lesson: Lesson) -> Losses:
        parts = [
            (self._correlation(own) - self._correlation(theirs)).square().sum()
            for own, theirs in stages(lesson, self.pairs)
        ]
        return {"orth": torch.stack(parts).mean()}

    def _correlation(self, similarity: Tensor) -> Tensor:
        """P Pᵀ - I of the patches of `(b b)`; rows and columns that do not fill a patch are left out."""
        rows, columns = self.grid
        high, wide = (len(similarity) // rows, len(similarity) // columns)
        cut = similarity[: high * rows, : wide * columns]
        patches = rearrange(cut, "(r h) (c w) -> (r c) (h w)", r=rows, c=columns)
        patches = F.normalize(patches, dim=1, eps=1e-12)
        return patches @ patches.T - torch.eye(len(patches), dtype=patches.dtype, device=patches.device)


def stages(lesson: Lesson, pairs: str, before: bool = False) -> Iterator[tuple[Tensor, Tensor]]:
    """The map of the student and the merged map of its teachers at every pair of stages, `(b b)` each."""
    taught = required(lesson.grams, "teachers", "compare similarity maps")
    shared = min(len(lesson.features), *(len(one) for one in taught))
    own = _paired(lesson.features, shared, pairs)
    theirs = [_paired(one, shared, pairs) for one in taught]
    for stage, features in enumerate(own):
        maps = [unit_rows(one[stage]) if before else one[stage] for one in theirs]
        merged = merged_grams(maps, lesson.weights)
        yield unit_rows(gram(features)), merged if before else unit_rows(merged)


def _paired(parts: Sequence[Tensor], size: int, pairs: str) -> Sequence[Tensor]:
    """``size`` of ``parts``: the last ones, or evenly spread ones that end with the last."""
    if pairs == "last" or size == len(parts):
        return parts[len(parts) - size :]
    return [parts[(number + 1) * len(parts) // size - 1] for number in range(size)]
