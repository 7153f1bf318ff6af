"""Distillation: what a student can learn from its teachers in one batch, and the modules that turn it into losses.

Axes: `m` teachers, `b` windows, `k` classes.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from zoo.contracts.values import Losses


class Lesson(NamedTuple):
    """One batch of a student and its teachers.

    ``student (b k)`` are the student's logits and ``features`` its taps, from first to last, `(b ...)` each.
    ``teachers (m b k)`` are the logits of the teachers and ``weights (m b)`` theirs, which sum to 1 in every window.
    ``grams`` holds for every teacher the inner products of its taps, window by window, `(b b)` each; None if no
    distiller reads ``maps``. ``temperature`` is that of the phase; None leaves it to the distiller.
    """

    student: Tensor
    features: tuple[Tensor, ...]
    target: Tensor
    teachers: Tensor
    weights: Tensor
    grams: Sequence[Sequence[Tensor]] | None = None
    temperature: float | None = None


class Distiller(nn.Module):
    """A loss between a student and its teachers."""

    @abstractmethod
    def forward(self, lesson: Lesson) -> Losses:
        """The terms of the spec, each a scalar; no gradient reaches weights or teachers."""


class Weigher(nn.Module):
    """The weight of every teacher, window by window; computed once for all training windows."""

    def fit(self, logits: Tensor, target: Tensor, prior: Tensor) -> None:
        """Learn from all training windows before the weights are computed, with the arguments of ``forward``.

        Uses torch's default random generator. Does nothing unless overridden.
        """
        return

    @abstractmethod
    def forward(self, logits: Tensor, target: Tensor, prior: Tensor) -> Tensor:
        """Weights `(m b)` from the teachers' ``logits (m b k)``, classes ``target (b)`` and weights ``prior (m)``.

        They are not negative and sum to 1 in every window, as ``prior`` does.
        """


class FixedWeights(Weigher):
    """The prior weights, in every window."""

    def forward(self, logits: Tensor, target: Tensor, prior: Tensor) -> Tensor:
        return prior[:, None].expand(logits.shape[:2])


def gram(features: Tensor) -> Tensor:
    """Inner products of the flattened features of all windows: `(b ...) -> (b b)`."""
    rows = features.flatten(1)
    return rows @ rows.T


def merged_grams(grams: Sequence[Tensor], weights: Tensor) -> Tensor:
    """The weighted sum of `(b b)` inner products over m teachers with ``weights (m b)``.

    The weight of a pair of windows is the root of the product of theirs. So the sum is symmetric, and where all windows
    have the same weights it is the usual one.
    """
    roots = weights.sqrt()
    return torch.stack([root[:, None] * root * each for root, each in zip(roots, grams, strict=True)]).sum(0)


def unit_rows(gram: Tensor) -> Tensor:
    """Rows of `(b b)` divided by their length; rows of zeros, as of a dead stage, stay zeros."""
    return torch.nn.functional.normalize(gram, dim=1, eps=1e-12)
