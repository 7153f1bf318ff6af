"""Codes in tiles and rows in parts, as the compiled loops on a CPU take them."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from zoo.kernels.threads import share

if TYPE_CHECKING:
    from zoo.kernels.tile import Tile

_Floats = NDArray[np.float32]
_SHARE = 2**22
"""Products of a part of the work, about a tenth of a millisecond; a further thread has two at least."""


def in_tiles(codes: _Floats, tile: "Tile") -> tuple[_Floats, _Floats]:
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


def in_parts(loop: Callable[[slice], None], rows: int, products: int, tile: "Tile") -> None:
    """Call ``loop`` for all parts of the ``rows``, with ``products`` each, by as many threads as torch uses."""
    size = tile.rows * (_SHARE // (tile.rows * products) + 1)
    firsts = iter(range(0, rows, size))

    def work() -> None:
        for first in firsts:
            loop(slice(first, first + size))

    share(work, min(torch.get_num_threads(), rows // (2 * size) + 1))
