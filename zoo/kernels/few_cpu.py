"""The few nearest codes on a CPU: compiled by numba, shared among threads."""

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


def few(rows: Tensor, codes: Tensor, number: int) -> tuple[Tensor, Tensor]:
    """rows `(n e)`, codes `(k e)`, float32 -> the ``number`` ≤ 8 least scores `(n f)` and their codes `(n f)`."""
    scores, index = rows.new_empty(len(rows), number), torch.empty(len(rows), number, dtype=torch.int64)
    x, least, chosen = rows.contiguous().numpy(), scores.numpy(), index.numpy()
    tile, kernel = _compiled()
    # Of codes of its own: what numpy has seen, FSDP cannot free.
    tiles, halves = in_tiles(codes.clone(memory_format=torch.contiguous_format).numpy(), tile)
    in_parts(lambda part: kernel(x[part], tiles, halves, least[part], chosen[part]), len(x), rows_at_once(tiles, tile))
    return scores, index


@cache
def _compiled() -> tuple["Tile", Callable[..., None]]:
    from zoo.kernels import few_tile
    from zoo.kernels.tile import TILE

    return TILE, compiled(few_tile.few)
