"""Triton kernels over blocks of rows; imported only when Triton is installed and used."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import triton
from torch import Tensor

Size = tuple[int, int, int]
"""Rows and codes of a tile, and warps."""


class Tuned:
    """A kernel with the ``sizes`` that are tried on CUDA for each ``key``; the first is what the interpreter takes."""

    def __init__(self, function: Callable[..., None], sizes: Sequence[Size], key: Sequence[str]) -> None:
        self.kernel: Any = triton.jit(function)
        self.sizes, self._key = sizes, key

    def launch(self, rows: Tensor, *arguments: Any) -> None:
        """Run the kernel with ``rows`` and ``arguments`` for all blocks of rows."""
        if rows.is_cuda:
            self._on_cuda[lambda chosen: (triton.cdiv(len(rows), chosen["tile_rows"]),)](rows, *arguments)
        else:
            tile_rows, tile_codes, _ = self.sizes[0]
            blocks = (triton.cdiv(len(rows), tile_rows),)
            self.kernel[blocks](rows, *arguments, tile_rows=tile_rows, tile_codes=tile_codes)

    @cached_property
    def _on_cuda(self) -> Any:
        sizes = [triton.Config({"tile_rows": r, "tile_codes": c}, num_warps=warps) for r, c, warps in self.sizes]
        return triton.autotune(configs=sizes, key=list(self._key))(self.kernel)


def axes_of_tile(width: int) -> int:
    """``width`` rounded up to what tensor cores take."""
    axes: int = triton.next_power_of_2(max(width, 16))
    return axes
