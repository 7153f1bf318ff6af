"""The nearest code on a CPU: compiled by numba, shared among threads."""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from zoo.kernels.compiled import compiled
from zoo.kernels.threads import share

if TYPE_CHECKING:
    from zoo.kernels.nearest_tile import Tile

_Floats = NDArray[np.float32]
_SHARE = 2**22
"""Products of a part of the work, about a tenth of a millisecond; a further thread has two at least."""


def nearest(rows: Tensor, codes: Tensor, origin: Tensor) -> Tensor:
    """rows `(n e)`, codes `(k e)`, origin `(e)`, float32 -> index `(n)`, by as many threads as torch uses."""
    index = torch.empty(len(rows), dtype=torch.int64)
    x, start, out = rows.contiguous().numpy(), origin.contiguous().numpy(), index.numpy()
    tile, kernel = _compiled()
    # Of codes of its own: what numpy has seen, FSDP cannot free.
    tiles, halves = _tiles((codes - origin).numpy(), tile)
    size = tile.rows * (_SHARE // (tile.rows * codes.numel()) + 1)
    firsts = iter(range(0, len(x), size))

    def work() -> None:
        for first in firsts:
            kernel(x[first : first + size], start, tiles, halves, out[first : first + size])

    share(work, min(torch.get_num_threads(), len(x) // (2 * size) + 1))
    return index


def _tiles(codes: _Floats, tile: "Tile") -> tuple[_Floats, _Floats]:
    """Codes `(k e)` negated, those of a tile side by side `(k/t e t)`, and half their squared norms.

    The last tile is filled up with codes that are infinitely far.

    By numpy, as torch's threads wait busily for some milliseconds after an operation, on the cores that are needed.
    """
    k, width = codes.shape
    number = -(-k // tile.codes)
    halves = np.full(number * tile.codes, np.inf, np.float32)
    halves[:k] = np.square(codes).sum(-1) / 2
    tiles = np.zeros((number * tile.codes, width), np.float32)
    np.negative(codes, out=tiles[:k])
    return tiles.reshape(number, tile.codes, width).transpose(0, 2, 1).copy(), halves


@cache
def _compiled() -> tuple["Tile", Callable[[_Floats, _Floats, _Floats, _Floats, NDArray[np.int64]], None]]:
    from zoo.kernels import nearest_tile

    return nearest_tile.TILE, compiled(nearest_tile.nearest)
