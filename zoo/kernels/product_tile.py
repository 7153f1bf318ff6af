"""Matrix products by tiles in registers, written with LLVM's vectors, which numba's language does not have."""

from typing import Any

import numpy as np
from llvmlite import binding, ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from zoo.kernels.compiled import part

_INTEGER = ir.IntType(64)
ROWS = 8
"""Rows of a tile."""


def _columns_here() -> int:
    features = binding.get_host_cpu_features()
    if features.get("avx512f"):
        return 16
    return 4 if features.get("neon") else 8


COLUMNS = _columns_here()
"""Columns of a tile: one vector."""


def _add_product_of_tile(rows: int, columns: int) -> Any:
    """A function for numba: ``out (k l)`` += Σₐ ``left (k a)`` ``right (a l)`` in a tile.

    It takes addresses and strides in numbers of four bytes: of right and the stride of a; of left and the strides of k
    and a; of out and the stride of k; then how many a there are, at least one.
    """
    whole = types.intp
    signature = types.void(whole, whole, whole, whole, whole, whole, whole, whole)
    floats = ir.VectorType(ir.FloatType(), columns)

    def emit(_: Any, build: ir.IRBuilder, __: Any, arguments: Any) -> Any:
        right, step, left, down, along, out, below, width = arguments

        def pointer(address: Any, place: Any, kind: ir.Type) -> Any:
            there = build.add(address, build.mul(place, _INTEGER(4)))
            return build.inttoptr(there, kind.as_pointer())

        def spread(number: Any) -> Any:
            unset, first = ir.Constant(floats, ir.Undefined), ir.Constant(ir.VectorType(ir.IntType(32), columns), None)
            return build.shuffle_vector(build.insert_element(unset, number, ir.IntType(32)(0)), unset, first)

        places = [pointer(out, build.mul(below, _INTEGER(row)), floats) for row in range(rows)]
        starts = [build.load(place, align=4) for place in places]
        lefts = [build.mul(down, _INTEGER(row)) for row in range(rows)]
        loop, done, before = build.append_basic_block("axes"), build.append_basic_block("done"), build.block
        build.branch(loop)
        build.position_at_end(loop)
        axis = build.phi(_INTEGER)
        sums = [build.phi(floats) for _ in range(rows)]
        vector = build.load(pointer(right, build.mul(axis, step), floats), align=4)
        shift = build.mul(axis, along)
        grown = []
        for place, total in zip(lefts, sums, strict=True):
            factor = spread(build.load(pointer(left, build.add(place, shift), ir.FloatType())))
            product = build.fmul(vector, factor, flags=("contract",))
            grown.append(build.fadd(total, product, flags=("contract",)))
        following = build.add(axis, _INTEGER(1))
        axis.add_incoming(_INTEGER(0), before)
        axis.add_incoming(following, loop)
        for total, start, more in zip(sums, starts, grown, strict=True):
            total.add_incoming(start, before)
            total.add_incoming(more, loop)
        build.cbranch(build.icmp_signed("<", following, width), loop, done)
        build.position_at_end(done)
        for place, more in zip(places, grown, strict=True):
            build.store(more, place, align=4)
        return ir.Constant(ir.IntType(8).as_pointer(), None)

    def typed(_: Any, right: Any, step: Any, left: Any, down: Any, along: Any, out: Any, below: Any, width: Any) -> Any:
        return signature, emit

    return intrinsic(typed)


_add_product = _add_product_of_tile(ROWS, COLUMNS)


@part
def add_products(left: NDArray[np.float32], right: NDArray[np.float32], out: NDArray[np.float32], along: int) -> None:
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
