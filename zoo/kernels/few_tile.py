"""The compiled loop of the few nearest codes on a CPU; imported only where it runs.

A tile of scores at a time is computed in registers and written, with the least of each row. The r-th least of these
bounds the r-th least score, so few scores are within the bound. These alone are sorted in, a vector of rows at once.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from zoo.kernels.tile import HALF, INTEGER, NOTHING, TILE, Emitter, Floats, Tile, integer

_LANES, _ROWS, _CODES = TILE.lanes, TILE.rows, TILE.codes
_TILES = 512 // TILE.codes
"""Tiles between two looks at their scores, which a core's cache holds: 96 KB of 48 rows."""


def scores_of_tile(tile: Tile) -> Any:
    """A function for numba: the scores of a ``tile``.

    It takes addresses, of rows `(e r)`, codes `(e k)` negated, half their squared norms `(k)` and, to be written,
    scores `(k r)` and the least of each row `(r)`; then the width e.
    """
    address = types.intp
    signature = types.void(address, address, address, address, address, types.intp)

    def emit(_: Any, build: ir.IRBuilder, __: Any, arguments: Any) -> Any:
        rows, codes, halves, scores, least, width = arguments
        emitter = Emitter(tile, build)
        found = emitter.scores(rows, codes, halves, width)
        for v in range(tile.vectors):
            low = emitter.spread(ir.FloatType()(float("inf")), emitter.floats)
            for c, score in enumerate(of_code[v] for of_code in found):
                emitter.store(score, scores, integer(c * tile.rows + v * tile.lanes))
                low = build.select(emitter.less(score, low), score, low)
            emitter.store(low, least, integer(v * tile.lanes))
        return NOTHING

    def typed(_: Any, rows: Any, codes: Any, halves: Any, scores: Any, least: Any, width: Any) -> Any:
        return signature, emit

    return intrinsic(typed)


def few_of_tiles(tile: Tile, few: int) -> Any:
    """A function for numba: what the scores of some tiles change about the ``few`` least of a vector of rows.

    It takes addresses, of scores `(k r)` and the least of each tile `(t r)`, of numbers `(k)` to work with and, to be
    changed, the few least `(f r)`, ascending, and their codes `(f r)`; then t and the number of the first code.
    """
    address = types.intp
    signature = types.void(address, address, address, address, address, types.intp, types.intp)

    def emit(_: Any, build: ir.IRBuilder, __: Any, arguments: Any) -> Any:
        scores, least, within, near, chosen, tiles, first = arguments
        places = _Places(Emitter(tile, build), near, chosen, few)
        found = places.find(scores, build.mul(tiles, integer(tile.codes)), places.bound(least, tiles), within)
        places.insert(scores, found, within, first)
        places.store()
        return NOTHING

    def typed(_: Any, scores: Any, least: Any, within: Any, near: Any, chosen: Any, tiles: Any, first: Any) -> Any:
        return signature, emit

    return intrinsic(typed)


class _Places:
    """The ``few`` least scores of a vector of rows so far, ascending, and their codes, in registers."""

    def __init__(self, emitter: Emitter, near: Any, chosen: Any, few: int) -> None:
        self.emitter, self.build = emitter, emitter.build
        self.columns = (near, chosen)
        kinds = zip(self.columns, (emitter.floats, emitter.integers), strict=True)
        loaded = [[self._row(column, integer(place), kind) for place in range(few)] for column, kind in kinds]
        self.scores, self.codes = ([self._variable(value) for value in values] for values in loaded)

    def bound(self, least: Any, tiles: Any) -> Any:
        """The last of the few least, of scores so far and the least of each tile: none of the few is beyond it."""
        held = [self._variable(self.build.load(place)) for place in self.scores]
        with cgutils.for_range(self.build, tiles) as loop:
            given = self._row(least, loop.index, self.emitter.floats)
            for place in held:
                before = self.build.load(place)
                better = self.emitter.less(given, before)
                self.build.store(self.build.select(better, given, before), place)
                given = self.build.select(better, before, given)
        return self.build.load(held[-1])

    def find(self, scores: Any, codes: Any, bound: Any, within: Any) -> Any:
        """Write the codes that are within the bound for any row, and return their number."""
        build, bits = self.build, ir.IntType(self.emitter.tile.lanes)
        found = self._variable(integer(0))
        with cgutils.for_range(build, codes) as loop:
            near = build.fcmp_ordered("<=", self._row(scores, loop.index, self.emitter.floats), bound)
            some = build.icmp_unsigned("!=", build.bitcast(near, bits), bits(0))
            number = build.load(found)
            # Written in any case, as the branch would be mispredicted often.
            self.emitter.store(build.trunc(loop.index, HALF), within, number)
            build.store(build.add(number, build.zext(some, INTEGER)), found)
        return build.load(found)

    def insert(self, scores: Any, number: Any, within: Any, first: Any) -> None:
        """Take in the codes ``within``, after equal ones."""
        build, emitter = self.build, self.emitter
        with cgutils.for_range(build, number) as loop:
            code = emitter.number(within, loop.index, HALF)
            score = self._row(scores, build.zext(code, INTEGER), emitter.floats)
            named = emitter.spread(build.add(code, build.trunc(first, HALF)), emitter.integers)
            # Scores ascend: where one is worse than the given one, all after it are, and move by a place.
            worse = [emitter.less(score, build.load(place)) for place in self.scores]
            for places, given in ((self.scores, score), (self.codes, named)):
                held = [build.load(place) for place in places]
                for at, place in enumerate(places):
                    moved = build.select(worse[at - 1], held[at - 1], given) if at else given
                    build.store(build.select(worse[at], moved, held[at]), place)

    def store(self) -> None:
        for column, places in zip(self.columns, (self.scores, self.codes), strict=True):
            for at, place in enumerate(places):
                self.emitter.store(self.build.load(place), column, integer(at * self.emitter.tile.rows))

    def _row(self, address: Any, place: Any, kind: ir.VectorType) -> Any:
        return self.emitter.load(address, self.build.mul(place, integer(self.emitter.tile.rows)), kind)

    def _variable(self, value: Any) -> Any:
        """A place on the stack for what loops change, which LLVM turns into a register."""
        return cgutils.alloca_once_value(self.build, value)


# Module globals, as numba cannot keep what a closure holds from one process to the next.
_scores_of_tile = scores_of_tile(TILE)
_four_of_tiles, _eight_of_tiles = few_of_tiles(TILE, 4), few_of_tiles(TILE, 8)


def few(x: Floats, codes: Floats, halves: Floats, out: Floats, index: NDArray[np.int64]) -> None:
    """Into `out (n f)` the f ≤ 8 least scores |c|²/2 − x·c, ascending, and their codes into `index (n f)`.

    Infinite and 0 where there are none. `x (n e)`; ``codes`` negated and by tiles, `(k/t e t)`; ``halves (k)`` of their
    squared norms.
    """
    width, number = x.shape[1], out.shape[1]
    held = 4 if number <= 4 else 8
    spare = held - number
    rows = np.zeros((width, _ROWS), np.float32)
    scores, least = np.empty((_TILES * _CODES, _ROWS), np.float32), np.empty((_TILES, _ROWS), np.float32)
    within = np.empty(_TILES * _CODES, np.int32)
    near, chosen = np.empty((held, _ROWS), np.float32), np.empty((held, _ROWS), np.int32)
    for start in range(0, len(x), _ROWS):
        size = min(_ROWS, len(x) - start)
        for row in range(size):
            for axis in range(width):
                rows[axis, row] = x[start + row, axis]
        near[:spare] = -np.inf  # in front, and never moved
        near[spare:] = np.inf
        chosen[:] = 0
        for begin in range(0, len(codes), _TILES):
            tiles, first = min(_TILES, len(codes) - begin), begin * _CODES
            for tile in range(tiles):
                at = tile * _CODES
                _scores_of_tile(
                    rows.ctypes.data, codes[begin + tile].ctypes.data, halves[first + at :].ctypes.data,
                    scores[at:].ctypes.data, least[tile].ctypes.data, width,
                )  # fmt: skip
            for lane in range(0, _ROWS, _LANES):
                some = (
                    scores[0, lane:].ctypes.data, least[0, lane:].ctypes.data, within.ctypes.data,
                    near[0, lane:].ctypes.data, chosen[0, lane:].ctypes.data, tiles, first,
                )  # fmt: skip
                if held == 4:
                    _four_of_tiles(*some)
                else:
                    _eight_of_tiles(*some)
        for row in range(size):
            for place in range(number):
                out[start + row, place] = near[spare + place, row]
                index[start + row, place] = chosen[spare + place, row]
