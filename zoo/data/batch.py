"""A batch: windows of a split as tensors."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from zoo.data.split import Rows, Split


class Batch(NamedTuple):
    """Windows `x (b c t)` float32 in the data's units, 0 where unobserved; `mask (b c t)`, True = observed, None =
    everywhere; class indices `y (b)` int64; and `index (b)`, each window's position in its split."""

    x: Tensor
    mask: Tensor | None
    y: Tensor
    index: Tensor  # type: ignore[assignment]  # hides tuple.index, which nobody asks of a batch

    def to(self, device: torch.device) -> "Batch":
        """The same on ``device``."""
        return Batch(*(None if part is None else part.to(device) for part in self))  # type: ignore[arg-type]  # mask alone is None


def batches(split: Split, rows: Rows, size: int, device: torch.device) -> Iterator[Batch]:
    """The windows of ``split`` at ``rows`` in order, in batches of ``size``, on ``device``."""
    for start in range(0, len(rows), size):
        yield read_batch(split, rows[start : start + size]).to(device)


def evenly(size: int, most: int) -> Rows:
    """At most ``most`` rows of a split of ``size`` windows, evenly spread, in order."""
    return np.linspace(0, size - 1, min(size, most)).round().astype(np.intp)


def read_batch(split: Split, rows: Rows) -> Batch:
    """The windows of ``split`` at ``rows``."""
    x, mask = split.read(rows)
    mask_or_none = None if mask is None else torch.from_numpy(mask)
    return Batch(torch.from_numpy(x), mask_or_none, torch.from_numpy(split.y[rows]), torch.from_numpy(rows))
