"""The Triton kernel of the few nearest codes; imported only when Triton is installed and used."""

from functools import cache
from typing import Any

import triton
import triton.language as tl
from torch import Tensor

_SIZES = [(32, 64, 4), (64, 64, 4), (64, 128, 8), (128, 64, 8)]
"""Rows and codes of a tile, and warps, that are tried on CUDA; the first is what the interpreter takes."""


def launch(rows: Tensor, codes: Tensor, half_norms: Tensor, scores: Tensor, index: Tensor, axes: bool) -> None:
    """Fill `scores (n f)` with the least |c|²/2 − x·c of rows `(n e)` and codes `(k e)`, and `index (n f)` with these.

    In no order; the lowest indices at ties. ``axes``: products one axis at a time, instead of on tensor cores.
    """
    n, width = rows.shape
    number = scores.shape[1]
    arguments = (
        rows,
        codes,
        half_norms,
        scores,
        index,
        n,
        len(codes),
        width,
        triton.next_power_of_2(max(width, 16)),
        number,
        triton.next_power_of_2(number),
        axes,
    )
    if rows.is_cuda:
        _tuned()[lambda chosen: (triton.cdiv(n, chosen["tile_rows"]),)](*arguments)
    else:
        tile_rows, tile_codes, _ = _SIZES[0]
        _kernel[(triton.cdiv(n, tile_rows),)](*arguments, tile_rows=tile_rows, tile_codes=tile_codes)


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


_kernel: Any = triton.jit(_few)


@cache
def _tuned() -> Any:
    sizes = [triton.Config({"tile_rows": r, "tile_codes": c}, num_warps=warps) for r, c, warps in _SIZES]
    return triton.autotune(configs=sizes, key=["k", "width", "number"])(_kernel)
