"""A tile of products or of scores |c|²/2 − x·c in a CPU's registers, in LLVM's vectors, which numba does not have.

As in a matrix product (Goto & van de Geijn 2008) a tile of sums stays in registers while the axes go by.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from llvmlite import binding, ir
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Vectors = Callable[[Any], list[Any]]
"""What there is for an axis."""


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

INTEGER, HALF = ir.IntType(64), ir.IntType(32)
NOTHING = ir.Constant(ir.IntType(8).as_pointer(), None)
"""What a function for numba returns that returns nothing."""


def integer(value: int) -> ir.Constant:
    return ir.Constant(INTEGER, value)


class Emitter:
    """Writes instructions for vectors of rows; addresses and places are integers, places count numbers of 4 bytes."""

    def __init__(self, tile: Tile, build: ir.IRBuilder) -> None:
        self.tile, self.build = tile, build
        self.floats = ir.VectorType(ir.FloatType(), tile.lanes)
        self.integers = ir.VectorType(HALF, tile.lanes)

    def scores(self, rows: Any, codes: Any, halves: Any, width: Any) -> list[list[Any]]:
        """By code, the vectors of scores of a tile: rows `(e r)`, codes `(e k)` negated, half their squared norms."""
        tile, each = self.tile, range(self.tile.codes)

        def vectors(axis: Any) -> list[Any]:
            row = self.build.mul(axis, integer(tile.rows))
            places = [self.build.add(row, integer(v * tile.lanes)) for v in range(tile.vectors)]
            return [self.load(rows, place, self.floats) for place in places]

        def factors(axis: Any) -> list[Any]:
            code = self.build.mul(axis, integer(tile.codes))
            return [self.number(codes, self.build.add(code, integer(c)), ir.FloatType()) for c in each]

        starts = [self.spread(self.number(halves, integer(c), ir.FloatType()), self.floats) for c in each]
        return self.sums([[start] * tile.vectors for start in starts], width, vectors, factors)

    def sums(self, starts: list[list[Any]], width: Any, vectors: Vectors, factors: Vectors) -> list[list[Any]]:
        """``starts`` plus the products of each of the ``factors`` with all ``vectors`` of an axis, over all axes."""
        build = self.build
        axis_by_axis, done, before = build.append_basic_block("axes"), build.append_basic_block("done"), build.block
        build.branch(axis_by_axis)

        build.position_at_end(axis_by_axis)
        axis = build.phi(INTEGER)
        sums = [[build.phi(self.floats) for _ in row] for row in starts]
        x, grown = vectors(axis), []
        for of_factor, factor in zip(sums, factors(axis), strict=True):
            spread = self.spread(factor, self.floats)
            grown.append([self._add_product(sum_, vector, spread) for sum_, vector in zip(of_factor, x, strict=True)])
        following = build.add(axis, integer(1))
        _join(axis, (integer(0), before), (following, axis_by_axis))
        for row_of_starts, row, row_grown in zip(starts, sums, grown, strict=True):
            for start, sum_, sum_grown in zip(row_of_starts, row, row_grown, strict=True):
                _join(sum_, (start, before), (sum_grown, axis_by_axis))
        build.cbranch(build.icmp_signed("<", following, width), axis_by_axis, done)

        build.position_at_end(done)
        return grown

    def load(self, address: Any, place: Any, kind: ir.VectorType) -> Any:
        return self.build.load(self._pointer(address, place, kind), align=4)

    def number(self, address: Any, place: Any, kind: ir.Type) -> Any:
        return self.build.load(self._pointer(address, place, kind))

    def store(self, value: Any, address: Any, place: Any) -> None:
        self.build.store(value, self._pointer(address, place, value.type), align=4)

    def spread(self, number: Any, kind: ir.VectorType) -> Any:
        """A vector of which every lane is ``number``."""
        unset, first = ir.Constant(kind, ir.Undefined), ir.Constant(ir.VectorType(HALF, kind.count), None)
        return self.build.shuffle_vector(self.build.insert_element(unset, number, HALF(0)), unset, first)

    def less(self, one: Any, other: Any) -> Any:
        """Whether ``one`` is less, lane by lane; a NaN never is."""
        return self.build.fcmp_ordered("<", one, other)

    def _add_product(self, total: Any, one: Any, other: Any) -> Any:
        fused = ("contract",)
        return self.build.fadd(total, self.build.fmul(one, other, flags=fused), flags=fused)

    def _pointer(self, address: Any, place: Any, kind: ir.Type) -> Any:
        there = self.build.add(address, self.build.mul(place, integer(4)))
        return self.build.inttoptr(there, kind.as_pointer())


def _join(phi: Any, *incoming: tuple[Any, Any]) -> None:
    for value, block in incoming:
        phi.add_incoming(value, block)
