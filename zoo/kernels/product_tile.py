"""Matrix products by tiles in registers, inside compiled loops."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from zoo.kernels.compiled import part
from zoo.kernels.tile import NOTHING, TILE, Emitter, Floats, Tile, integer

ROWS, COLUMNS = 8, TILE.lanes
"""Of a tile: one vector of columns."""


def add_product_of_tile(rows: int, columns: int) -> Any:
    """A function for numba: ``out (k l)`` += Σₐ ``left (k a)`` ``right (a l)`` in a tile.

    It takes addresses and strides in numbers of four bytes: of right and the stride of a; of left and the strides of k
    and a; of out and the stride of k; then how many a there are, at least one.
    """
    whole = types.intp
    signature = types.void(whole, whole, whole, whole, whole, whole, whole, whole)

    def emit(_: Any, build: ir.IRBuilder, __: Any, arguments: Any) -> Any:
        right, step, left, down, along, out, below, width = arguments
        emitter = Emitter(Tile(columns, 1, rows), build)

        def vectors(axis: Any) -> list[Any]:
            return [emitter.load(right, build.mul(axis, step), emitter.floats)]

        def factors(axis: Any) -> list[Any]:
            shift, each = build.mul(axis, along), [build.mul(down, integer(row)) for row in range(rows)]
            return [emitter.number(left, build.add(place, shift), ir.FloatType()) for place in each]

        places = [build.mul(below, integer(row)) for row in range(rows)]
        starts = [[emitter.load(out, place, emitter.floats)] for place in places]
        for place, (total,) in zip(places, emitter.sums(starts, width, vectors, factors), strict=True):
            emitter.store(total, out, place)
        return NOTHING

    def typed(_: Any, right: Any, step: Any, left: Any, down: Any, along: Any, out: Any, below: Any, width: Any) -> Any:
        return signature, emit

    return intrinsic(typed)


_add_product = add_product_of_tile(ROWS, COLUMNS)


@part
def add_products(left: Floats, right: Floats, out: Floats, along: int) -> None:
    """``out (k l)`` += ``left (k a)`` ``right (a l)`` over the first ``along`` a; k and l are multiples of a tile's.

    ``left`` may be transposed; the others have their columns side by side.
    """
    if along == 0:
        return
    down, step = left.strides[0] // 4, left.strides[1] // 4
    for column in range(0, out.shape[1], COLUMNS):
        for row in range(0, out.shape[0], ROWS):
            _add_product(
                right[0, column:].ctypes.data, right.shape[1], left[row:].ctypes.data, down, step,
                out[row, column:].ctypes.data, out.shape[1], along,
            )  # fmt: skip
