"""Codes in tiles, as the compiled loops on a CPU take them."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from zoo.kernels.tile import Tile

_Floats = NDArray[np.float32]
_SHARE = 2**22
"""Products of a part of the work, about a tenth of a millisecond."""


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


def rows_at_once(codes: _Floats, tile: "Tile") -> int:
    """Rows of a part of the work, in whole tiles."""
    return tile.rows * (_SHARE // (tile.rows * codes.size) + 1)
