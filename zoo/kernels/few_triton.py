"""The Triton kernel of the few nearest codes; imported only when Triton is installed and used."""

import triton
import triton.language as tl
from torch import Tensor

from zoo.kernels.tuned import Tuned, axes_of_tile

_SIZES = [(32, 64, 4), (64, 64, 4), (64, 128, 8), (128, 64, 8)]


def launch(rows: Tensor, codes: Tensor, half_norms: Tensor, scores: Tensor, index: Tensor, axes: bool) -> None:
    """Fill `scores (n f)` with the least |c|²/2 − x·c of rows `(n e)` and codes `(k e)`, and `index (n f)` with these.

    In no order; the lowest indices at ties. ``axes``: products one axis at a time, instead of on tensor cores.
    """
    n, width = rows.shape
    number = scores.shape[1]
    places = triton.next_power_of_2(number)
    _kernel.launch(
        rows, codes, half_norms, scores, index, n, len(codes), width, axes_of_tile(width), number, places, axes
    )


def _few(
    rows: tl.tensor,
    codes: tl.tensor,
    half_norms: tl.tensor,
    scores: tl.tensor,
    index: tl.tensor,
    n: tl.tensor,
    k: tl.tensor,
    width: tl.constexpr,
    tile_axes: tl.constexpr,
    number: tl.constexpr,
    places: tl.constexpr,
    axes: tl.constexpr,
    tile_rows: tl.constexpr,
    tile_codes: tl.constexpr,
) -> None:
    row = tl.program_id(0).to(tl.int64) * tile_rows + tl.arange(0, tile_rows)
    axis = tl.arange(0, tile_axes)
    there = row < n
    place = tl.arange(0, places)
    # Places that are not asked for stay infinitely near.
    first = tl.where(place < number, float("inf"), float("-inf"))
    least = tl.zeros((tile_rows, places), tl.float32) + first[None, :]
    chosen = tl.zeros((tile_rows, places), tl.int32)
    if not axes:
        x = tl.load(rows + row[:, None] * width + axis, mask=there[:, None] & (axis < width), other=0.0)
    for start in range(0, k, tile_codes):
        code = start + tl.arange(0, tile_codes)
        known = code < k
        # Not there: infinitely far.
        score = tl.load(half_norms + code, mask=known, other=float("inf"))[None, :]
        if axes:
            product = tl.zeros((tile_rows, tile_codes), tl.float32)
            for at in tl.static_range(width):
                left = tl.load(rows + row * width + at, mask=there, other=0.0)
                right = tl.load(codes + code * width + at, mask=known, other=0.0)
                product += left[:, None] * right[None, :]
        else:
            c = tl.load(codes + code[:, None] * width + axis, mask=known[:, None] & (axis < width), other=0.0)
            product = tl.dot(x, tl.trans(c), input_precision="ieee")
        score = score - product
        score = tl.where(score == score, score, float("inf"))  # a NaN is never near
        near, worst = tl.min(score, 1), tl.max(least, 1)
        while tl.max((near < worst).to(tl.int32), 0) > 0:
            found = tl.min(tl.where(score == near[:, None], code[None, :], k), 1)
            # Of equally bad places the one with the highest code.
            key = tl.where(least == worst[:, None], chosen * places + place[None, :], -1)
            change = (key == tl.max(key, 1)[:, None]) & (near < worst)[:, None]
            least = tl.where(change, near[:, None], least)
            chosen = tl.where(change, found[:, None], chosen)
            score = tl.where(code[None, :] == found[:, None], float("inf"), score)
            near, worst = tl.min(score, 1), tl.max(least, 1)
    at = row[:, None] * number + place[None, :]
    asked = there[:, None] & (place < number)[None, :]
    tl.store(scores + at, least, mask=asked)
    tl.store(index + at, chosen.to(tl.int64), mask=asked)


_kernel = Tuned(_few, _SIZES, ("k", "width", "number"))
