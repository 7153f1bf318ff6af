"""Images of windows of a data set, by every kind that is asked for, and how many of their pixels ever vary."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from zoo_registry import DataError, ImageSpec, Shape
from zoo_registry.explain import unknown

from zoo.contracts import Image, adapted_in
from zoo.data.batch import Batch, batches, evenly
from zoo.data.split import DataSet, Rows, Split
from zoo.training.statistics import Signals, adapt

STILL = 1e-3
"""A pixel never varies if its largest and its smallest value are no further apart."""
_BATCH = 256


@dataclass(frozen=True)
class Made:
    """Images of one kind: ``images (b c h w)`` of the windows, their ``diagrams (b c m 2)`` or None, and the share of
    pixels that never vary over the training split, ``still``."""

    kind: str
    images: Tensor
    diagrams: Tensor | None
    still: float


@torch.no_grad()
def make(spec: ImageSpec, data: DataSet, windows: Batch) -> Made:
    """Build the image of ``spec`` on the training split of ``data``, and make images of ``windows``."""
    _, channels, length = data.train.shape
    image: Image = spec.build(Shape.of("c t", channels, length)).eval()
    adapt(adapted_in(image), Signals(data.train, data.mean, data.std))
    diagrams = image.diagram(windows.x, windows.mask)
    return Made(str(spec.kind), image(windows.x, windows.mask), diagrams, _still(image, data.train))


def choose(split: Split, classes: Sequence[str], number: int, of: str | None) -> Rows:
    """Windows of ``split``: of the class ``of``, evenly spread, or of as many classes as possible, in their order.

    Raises DataError for an unknown class, or one without windows.
    """
    if of is None:
        _, first, counts = np.unique(np.sort(split.y), return_index=True, return_counts=True)
        in_class = np.argsort(split.y, kind="stable")
        rank = np.empty(len(split), dtype=np.intp)
        rank[in_class] = np.arange(len(split)) - np.repeat(first, counts)
        found: Rows = np.lexsort((split.y, rank))[:number]
        return found[np.argsort(split.y[found], kind="stable")]
    if of not in classes:
        raise unknown("--class", f"one of {', '.join(classes)}", of, list(classes), "`zoo data` lists the classes")
    rows = np.flatnonzero(split.y == classes.index(of))
    if not len(rows):
        raise DataError("--class", f"a class with {split.name} windows", f"none of {of}", "choose another class")
    spread: Rows = rows[evenly(len(rows), number)]
    return spread


def _still(image: Image, split: Split) -> float:
    """The share of pixels of ``image`` that never vary over ``split``."""
    least, most = torch.tensor(torch.inf), torch.tensor(-torch.inf)
    for batch in batches(split, np.arange(len(split)), _BATCH, torch.device("cpu")):
        images = image(batch.x, batch.mask)
        least, most = torch.minimum(least, images.amin(0)), torch.maximum(most, images.amax(0))
    return float((most - least <= STILL).double().mean())
