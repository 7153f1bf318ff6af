"""The windows on which an exported file is compared with its model: real ones where they can be read."""

from typing import NamedTuple

import torch
from torch import Tensor
from zoo_registry import Shape

from zoo.data.batch import evenly, read_batch
from zoo.data.split import Split

_MOST = 1000
_NOISE = 256


class Windows(NamedTuple):
    """Complete windows `x (b c t)`, and words for what they are."""

    x: Tensor
    words: str


def real_windows(split: Split) -> Windows | None:
    """Up to 1000 windows of ``split``, evenly spread, without those that have missing samples; None if all have."""
    x, mask, _, _ = read_batch(split, evenly(len(split), _MOST))
    whole = torch.ones(len(x), dtype=torch.bool) if mask is None else mask.flatten(1).all(1)
    missing = int((~whole).sum())
    words = f"{split.name} windows" + (f" ({missing} with missing samples left out)" if missing else "")
    return Windows(x[whole], words) if whole.any() else None


def noise(signal: Shape) -> Windows:
    """Windows of normal noise, the same every time."""
    x = torch.randn(_NOISE, *signal.sizes, generator=torch.Generator().manual_seed(0))
    return Windows(x, "windows of noise")
