"""The compiled loops of attention with dropout; imported only where they run.

For each index of the batch and each head (a pair), shares are computed for up to 128 queries at once and stay in a
cache. Queries lie side by side in vectors, so that sums and maxima over keys need no vector to be added up.
"""

from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from zoo.kernels.compiled import part
from zoo.kernels.philox import draw
from zoo.kernels.product_tile import COLUMNS, ROWS, add_products
from zoo.kernels.tile import Floats

Flags = NDArray[np.bool_]
Places = NDArray[np.int64]
_WIDE = max(ROWS, COLUMNS)


class Read(NamedTuple):
    """The values of a tensor `(b n h e)` in the order of memory, the steps of b, n and h in it, and the size e."""

    values: Floats
    batch: int
    row: int
    head: int
    width: int


class Drop(NamedTuple):
    """A share is 0 where its 16 random bits are below ``least``, and else multiplied by ``scale``."""

    seed: int
    least: int
    scale: float


def attend(
    query: Read, key: Read, value: Read, allowed: Flags, drop: Drop, first: int, last: int, out: Floats, sums: Floats
) -> None:
    """Into `out (b n h e)` the attention of the pairs from ``first`` up to ``last`` to keys that are `allowed (b s)`.

    `sums (2 b h n)` gets the largest score of each query and the sum of exponentials relative to it.
    """
    queries, heads, width = out.shape[1:]
    lanes, wide, axes, rows = _lanes(queries), _up(width, _WIDE), _up(width, ROWS), _up(allowed.shape[1], ROWS)
    keys, values, packed, turned = _floats(rows, wide), _floats(rows, wide), _floats(lanes, wide), _floats(width, lanes)
    shares, found, top, total = _floats(rows, lanes), _floats(axes, lanes), _floats(1, lanes)[0], _floats(1, lanes)[0]
    bits, blocks = np.empty(rows * lanes // 4, np.uint64), -(-queries // lanes)
    chances, every = bits.view(np.uint16).reshape((rows, lanes)), np.arange(queries)
    for pair in range(first, last):
        batch, head = pair // heads, pair % heads
        places = np.flatnonzero(allowed[batch])
        _pack(key, batch, head, places, 1, keys)
        _pack(value, batch, head, places, 1, values)
        for block in range(blocks):
            some = every[block * lanes : (block + 1) * lanes]
            _pack(query, batch, head, some, 1 / np.sqrt(width), packed)
            _turn(packed, turned)
            draw(drop.seed, (pair * blocks + block) * (len(bits) // 2), bits)
            add_products(keys, turned, _cleared(shares), width)
            _weigh(shares[: len(places)], chances, drop, top, total)
            add_products(values.T[:axes], shares, _cleared(found), len(places))
            for lane in range(len(some)):
                sums[0, batch, head, some[lane]], sums[1, batch, head, some[lane]] = top[lane], total[lane]
                total[lane] = 1 / total[lane] if len(places) else 0
            _turn_back(found, total, out[batch, :, head], some)


def attend_back(
    query: Read, key: Read, value: Read, grad: Read, allowed: Flags, drop: Drop, first: int, last: int,
    sums: Floats, to_query: Floats, to_key: Floats, to_value: Floats,
) -> None:  # fmt: skip
    """Into the last three the gradients of `attend` for ``grad`` of its result, from the ``sums`` that it gave."""
    queries, heads, width = to_query.shape[1:]
    lanes, wide, axes, rows = _lanes(queries), _up(width, _WIDE), _up(width, ROWS), _up(allowed.shape[1], ROWS)
    keys, values, packed, turned = _floats(rows, wide), _floats(rows, wide), _floats(lanes, wide), _floats(width, lanes)
    for_keys, for_values, grads = _floats(rows, wide), _floats(rows, wide), _floats(lanes, wide)
    grads_turned, shares, slopes = _floats(width, lanes), _floats(rows, lanes), _floats(rows, lanes)
    found = _floats(axes, lanes)
    top, inverse, roots = _floats(1, lanes)[0], _floats(1, lanes)[0], _floats(1, lanes)[0]
    bits, blocks = np.empty(rows * lanes // 4, np.uint64), -(-queries // lanes)
    chances, every = bits.view(np.uint16).reshape((rows, lanes)), np.arange(queries)
    roots[:] = 1 / np.sqrt(width)
    for pair in range(first, last):
        batch, head = pair // heads, pair % heads
        places = np.flatnonzero(allowed[batch])
        _pack(key, batch, head, places, 1, keys)
        _pack(value, batch, head, places, 1, values)
        for_keys[:], for_values[:] = 0, 0
        for block in range(blocks):
            some = every[block * lanes : (block + 1) * lanes]
            _pack(query, batch, head, some, roots[0], packed)
            _pack(grad, batch, head, some, 1, grads)
            _turn(packed, turned)
            _turn(grads, grads_turned)
            top[:], inverse[:] = 0, 0
            for lane in range(len(some)):
                top[lane], inverse[lane] = sums[0, batch, head, some[lane]], 1 / sums[1, batch, head, some[lane]]
            draw(drop.seed, (pair * blocks + block) * (len(bits) // 2), bits)
            add_products(keys, turned, _cleared(shares), width)
            add_products(values, grads_turned, _cleared(slopes), width)
            _weigh_back(shares[: len(places)], slopes, chances, drop, top, inverse)
            add_products(keys.T[:axes], slopes, _cleared(found), len(places))
            _turn_back(found, roots, to_query[batch, :, head], some)
            add_products(slopes, packed, for_keys, lanes)
            add_products(shares, grads, for_values, lanes)
        _unpack(for_keys, to_key[batch, :, head], places)
        _unpack(for_values, to_value[batch, :, head], places)


@part
def _up(number: int, step: int) -> int:
    """``number`` rounded up to a multiple of ``step``."""
    return -(-number // step) * step


@part
def _lanes(queries: int) -> int:
    """Queries of a block: an equal part of all, at most 128, in whole vectors of any processor."""
    return _up(-(-queries // -(-queries // 128)), 16)


@part
def _floats(rows: int, columns: int) -> Floats:
    return np.empty((rows, columns), np.float32)


@part
def _cleared(values: Floats) -> Floats:
    values[:] = 0
    return values


@part
def _pack(read: Read, batch: int, head: int, places: Places, scale: float, out: Floats) -> None:
    """Into the first rows of ``out`` the rows of a pair at ``places`` times ``scale``; 0 elsewhere."""
    out[:] = 0
    start, factor = batch * read.batch + head * read.head, np.float32(scale)
    for row in range(len(places)):
        given, taken = read.values[start + places[row] * read.row :], out[row]
        for axis in range(read.width):
            taken[axis] = given[axis] * factor


@part
def _unpack(values: Floats, out: Floats, places: Places) -> None:
    """The first rows of ``values`` to the ``places`` of `out (s e)`; 0 elsewhere."""
    out[:] = 0
    for row in range(len(places)):
        for axis in range(out.shape[1]):
            out[places[row], axis] = values[row, axis]


@part
def _turn(values: Floats, out: Floats) -> None:
    for row in range(out.shape[0]):
        for lane in range(out.shape[1]):
            out[row, lane] = values[lane, row]


@part
def _turn_back(values: Floats, scales: Floats, out: Floats, places: Places) -> None:
    """Columns of ``values (e l)`` times their ``scales (l)`` to the ``places`` of `out (n e)`."""
    for lane in range(len(places)):
        for axis in range(out.shape[1]):
            out[places[lane], axis] = values[axis, lane] * scales[lane]


@part
def _weigh(shares: Floats, chances: NDArray[np.uint16], drop: Drop, top: Floats, total: Floats) -> None:
    """Of scores `shares (s l)` the exponentials after dropout; `top` and `total (l)` before."""
    top[:], total[:] = -np.inf, 0
    least, scale = drop.least, np.float32(drop.scale)
    for row in range(shares.shape[0]):
        for lane in range(shares.shape[1]):
            top[lane] = max(top[lane], shares[row, lane])
    for row in range(shares.shape[0]):
        for lane in range(shares.shape[1]):
            share = _exp(shares[row, lane] - top[lane])
            total[lane] += share
            shares[row, lane] = share * scale if chances[row, lane] >= least else 0


@part
def _weigh_back(
    shares: Floats, slopes: Floats, chances: NDArray[np.uint16], drop: Drop, top: Floats, inverse: Floats
) -> None:
    """Of scores `shares (s l)` the shares after dropout, and of the gradients of these, ``slopes``, those of scores."""
    least, scale, mean = drop.least, np.float32(drop.scale), np.zeros(len(top), np.float32)
    for row in range(shares.shape[0]):
        for lane in range(shares.shape[1]):
            share = _exp(shares[row, lane] - top[lane]) * inverse[lane]
            slope = slopes[row, lane] * scale if chances[row, lane] >= least else np.float32(0)
            mean[lane] += share * slope
            shares[row, lane], slopes[row, lane] = share, slope
    for row in range(shares.shape[0]):
        for lane in range(shares.shape[1]):
            share = shares[row, lane]
            slopes[row, lane] = share * (slopes[row, lane] - mean[lane])
            shares[row, lane] = share * scale if chances[row, lane] >= least else 0


@part
def _exp(x: Any) -> Any:
    """Of a float32 x ≤ 0, to 1e-7 of its value (the polynomial of Cephes); below −87 it is e⁻⁸⁷."""
    x = np.float32(-87) if x < np.float32(-87) else x  # NaN stays
    n = np.floor(x * np.float32(1.44269504) + np.float32(0.5))
    r = x - n * np.float32(0.693359375) + n * np.float32(2.12194440e-4)
    y = np.float32(1.9875691500e-4)
    y = y * r + np.float32(1.3981999507e-3)
    y = y * r + np.float32(8.3334519073e-3)
    y = y * r + np.float32(4.1665795894e-2)
    y = y * r + np.float32(1.6666665459e-1)
    y = y * r + np.float32(5.0000001201e-1)
    return (y * r * r + r + np.float32(1)) * _power_of_two(np.int32(n))


@intrinsic  # type: ignore[untyped-decorator]  # numba is untyped
def _power_of_two(_: Any, __: Any) -> Any:
    """2ⁿ as float32 for an int32 n of −126 to 127."""

    def emit(_: Any, build: ir.IRBuilder, __: Any, arguments: Any) -> Any:
        number = ir.IntType(32)
        return build.bitcast(build.shl(build.add(arguments[0], number(127)), number(23)), ir.FloatType())

    return types.float32(types.int32), emit
