"""The compiled loop of the nearest code on a CPU, with a tile of distances in registers; imported only where it runs.

The least of a tile is taken in registers too, so that no distance is ever written.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from zoo.kernels.tile import HALF, NOTHING, TILE, Emitter, Floats, Tile, integer

_ROWS, _CODES = TILE.rows, TILE.codes


def least_of_tile(tile: Tile) -> Any:
    """A function for numba: what a ``tile`` of codes changes about the least of its rows.

    It takes addresses, of rows `(e r)`, codes `(e k)` negated, half their squared norms `(k)` and, to be changed, the
    least `(r)` and its code `(r)`; then the width e and the number of the tile's first code.
    """
    address = types.intp
    signature = types.void(address, address, address, address, address, types.intp, types.intp)

    def emit(_: Any, build: ir.IRBuilder, __: Any, arguments: Any) -> Any:
        rows, codes, halves, least, chosen, width, first = arguments
        emitter = Emitter(tile, build)
        scores = emitter.scores(rows, codes, halves, width)
        for v in range(tile.vectors):
            _take_least(emitter, [of_code[v] for of_code in scores], least, chosen, first, integer(v * tile.lanes))
        return NOTHING

    def typed(_: Any, rows: Any, codes: Any, halves: Any, least: Any, chosen: Any, width: Any, first: Any) -> Any:
        return signature, emit

    return intrinsic(typed)


def _take_least(emitter: Emitter, scores: list[Any], least: Any, chosen: Any, first: Any, at: Any) -> None:
    """Of equal ones the first; a NaN is never less."""
    build = emitter.build
    best, index = emitter.load(least, at, emitter.floats), emitter.load(chosen, at, emitter.integers)
    for c, score in enumerate(scores):
        number = build.trunc(build.add(first, integer(c)), HALF)
        better = emitter.less(score, best)
        best = build.select(better, score, best)
        index = build.select(better, emitter.spread(number, emitter.integers), index)
    emitter.store(best, least, at)
    emitter.store(index, chosen, at)


# Module globals, as numba cannot keep what a closure holds from one process to the next.
_least_of_tile = least_of_tile(TILE)


def nearest(x: Floats, origin: Floats, codes: Floats, halves: Floats, out: NDArray[np.int64]) -> None:
    """Into `out (n)` the code at the least |c|²/2 − (x − origin)·c, 0 where none is.

    `x (n e)`; ``codes``, as seen from `origin (e)`, negated and by tiles, `(k/t e t)`; ``halves (k)`` of their squared
    norms.
    """
    width = x.shape[1]
    rows = np.zeros((width, _ROWS), np.float32)
    least, chosen = np.empty(_ROWS, np.float32), np.empty(_ROWS, np.int32)
    for start in range(0, len(x), _ROWS):
        size = min(_ROWS, len(x) - start)
        for row in range(size):
            for axis in range(width):
                rows[axis, row] = x[start + row, axis] - origin[axis]
        least[:] = np.inf
        chosen[:] = 0
        for tile in range(len(codes)):
            first = tile * _CODES
            _least_of_tile(
                rows.ctypes.data, codes[tile].ctypes.data, halves[first:].ctypes.data,
                least.ctypes.data, chosen.ctypes.data, width, first,
            )  # fmt: skip
        for row in range(size):
            out[start + row] = chosen[row]
