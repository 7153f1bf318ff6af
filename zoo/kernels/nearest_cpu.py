"""The nearest code on a CPU: compiled by numba, shared among threads."""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from zoo.kernels.compiled import compiled
from zoo.kernels.threads import in_parts
from zoo.kernels.tiled import in_tiles, rows_at_once

if TYPE_CHECKING:
    from zoo.kernels.tile import Tile


def nearest(rows: Tensor, codes: Tensor, origin: Tensor) -> Tensor:
    """rows `(n e)`, codes `(k e)`, origin `(e)`, float32 -> index `(n)`, by as many threads as torch uses."""
    index = torch.empty(len(rows), dtype=torch.int64)
    x, start, out = rows.contiguous().numpy(), origin.contiguous().numpy(), index.numpy()
    tile, kernel = _compiled()
    # Of codes of its own: what numpy has seen, FSDP cannot free.
    tiles, halves = in_tiles((codes - origin).numpy(), tile)
    in_parts(lambda part: kernel(x[part], start, tiles, halves, out[part]), len(x), rows_at_once(tiles, tile))
    return index


@cache
def _compiled() -> tuple["Tile", Callable[..., None]]:
    from zoo.kernels import nearest_tile
    from zoo.kernels.tile import TILE

    return TILE, compiled(nearest_tile.nearest)
