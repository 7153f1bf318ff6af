"""The compiled loop of the nearest code on a CPU, with a tile of distances in registers; imported only where it runs.

As in a matrix product (Goto & van de Geijn 2008) a tile of sums stays in registers while the axes go by; the least of
it is taken there too, so that no distance is ever written.
"""

from typing import Any, NamedTuple

import numpy as np
from llvmlite import binding, ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class Tile(NamedTuple):
    """``codes`` by ``vectors`` of ``lanes`` rows: as many sums as there are registers, and a few to spare."""

    lanes: int
    vectors: int
    codes: int

    @property
    def rows(self) -> int:
        return self.lanes * self.vectors


def _tile_here() -> Tile:
    features = binding.get_host_cpu_features()
    if features.get("avx512f"):
        return Tile(16, 3, 8)
    return Tile(4, 3, 8) if features.get("neon") else Tile(8, 3, 4)


TILE = _tile_here()
_ROWS, _CODES = TILE.rows, TILE.codes


def least_of_tile(tile: Tile) -> Any:
    """A function for numba: what a ``tile`` of codes changes about the least of its rows.

    It takes addresses, of rows `(e r)`, codes `(e k)` negated, half their squared norms `(k)` and, to be changed, the
    least `(r)` and its code `(r)`; then the width e and the number of the tile's first code.
    """
    address = types.intp
    signature = types.void(address, address, address, address, address, types.intp, types.intp)

    def emit(_: Any, build: ir.IRBuilder, __: Any, arguments: Any) -> Any:
        return _Emitter(tile, build).emit(*arguments)

    def typed(_: Any, rows: Any, codes: Any, halves: Any, least: Any, chosen: Any, width: Any, first: Any) -> Any:
        return signature, emit

    return intrinsic(typed)


class _Emitter:
    """Writes a tile's instructions in LLVM's vectors, which numba's language does not have."""

    def __init__(self, tile: Tile, build: ir.IRBuilder) -> None:
        self.tile, self.build = tile, build
        self.floats = ir.VectorType(ir.FloatType(), tile.lanes)
        self.integers = ir.VectorType(ir.IntType(32), tile.lanes)

    def emit(self, rows: Any, codes: Any, halves: Any, least: Any, chosen: Any, width: Any, first: Any) -> Any:
        build, tile = self.build, self.tile
        axis_by_axis, done = build.append_basic_block("axes"), build.append_basic_block("done")
        starts = [self._spread(self._number(halves, c), self.floats) for c in range(tile.codes)]
        before = build.block
        build.branch(axis_by_axis)

        build.position_at_end(axis_by_axis)
        axis = build.phi(_INTEGER)
        sums = [[build.phi(self.floats) for _ in range(tile.vectors)] for _ in starts]
        row, code = build.mul(axis, _integer(tile.rows)), build.mul(axis, _integer(tile.codes))
        x = [self._vector(rows, self.floats, build.add(row, _integer(v * tile.lanes))) for v in range(tile.vectors)]
        grown = []
        for c, of_code in enumerate(sums):
            factor = self._spread(self._number(codes, build.add(code, _integer(c))), self.floats)
            grown.append([self._add_product(sum_, x[v], factor) for v, sum_ in enumerate(of_code)])
        following = build.add(axis, _integer(1))
        _join(axis, (_integer(0), before), (following, axis_by_axis))
        for start, of_code, of_code_grown in zip(starts, sums, grown, strict=True):
            for sum_, sum_grown in zip(of_code, of_code_grown, strict=True):
                _join(sum_, (start, before), (sum_grown, axis_by_axis))
        build.cbranch(build.icmp_signed("<", following, width), axis_by_axis, done)

        build.position_at_end(done)
        for v in range(tile.vectors):
            self._take_least([of_code[v] for of_code in grown], least, chosen, first, v * tile.lanes)
        return ir.Constant(ir.IntType(8).as_pointer(), None)

    def _take_least(self, scores: list[Any], least: Any, chosen: Any, first: Any, place: int) -> None:
        """Of equal ones the first; a NaN is never less."""
        build, at = self.build, _integer(place)
        best, index = self._vector(least, self.floats, at), self._vector(chosen, self.integers, at)
        for c, score in enumerate(scores):
            number = build.trunc(build.add(first, _integer(c)), ir.IntType(32))
            better = build.fcmp_ordered("<", score, best)
            best = build.select(better, score, best)
            index = build.select(better, self._spread(number, self.integers), index)
        for value, address in ((best, least), (index, chosen)):
            build.store(value, self._pointer(address, at, value.type), align=4)

    def _add_product(self, total: Any, one: Any, other: Any) -> Any:
        fused = ("contract",)
        return self.build.fadd(total, self.build.fmul(one, other, flags=fused), flags=fused)

    def _pointer(self, address: Any, place: Any, kind: ir.Type) -> Any:
        """Of what lies ``place`` numbers of four bytes beyond ``address``."""
        there = self.build.add(address, self.build.mul(place, _integer(4)))
        return self.build.inttoptr(there, kind.as_pointer())

    def _vector(self, address: Any, kind: ir.Type, place: Any) -> Any:
        return self.build.load(self._pointer(address, place, kind), align=4)

    def _number(self, address: Any, place: Any) -> Any:
        place = _integer(place) if isinstance(place, int) else place
        return self.build.load(self._pointer(address, place, ir.FloatType()))

    def _spread(self, number: Any, kind: ir.VectorType) -> Any:
        """A vector of which every lane is ``number``."""
        unset, first = ir.Constant(kind, ir.Undefined), ir.Constant(ir.VectorType(ir.IntType(32), kind.count), None)
        return self.build.shuffle_vector(self.build.insert_element(unset, number, ir.IntType(32)(0)), unset, first)


_INTEGER = ir.IntType(64)


def _integer(value: int) -> ir.Constant:
    return ir.Constant(_INTEGER, value)


def _join(phi: Any, *incoming: tuple[Any, Any]) -> None:
    for value, block in incoming:
        phi.add_incoming(value, block)


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
