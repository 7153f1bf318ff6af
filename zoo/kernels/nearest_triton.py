"""The Triton kernel of the nearest code; imported only when Triton is installed and used."""

import triton.language as tl
from torch import Tensor

from zoo.kernels.tuned import Tuned, axes_of_tile

_SIZES = [(32, 64, 4), (64, 64, 4), (128, 64, 4), (128, 128, 8), (256, 64, 8)]


def launch(rows: Tensor, codes: Tensor, origin: Tensor, half_norms: Tensor, index: Tensor, products: str) -> None:
    """Fill `index (n)` with the code at the least |c|²/2 − (x − origin)·c of rows `(n e)` and codes `(k e)`.

    ``products``: axes, one axis at a time in float32; or on tensor cores exact, tf32 or bf16. The lowest index at ties.
    """
    n, width = rows.shape
    _kernel.launch(rows, codes, origin, half_norms, index, n, len(codes), width, axes_of_tile(width), products)


def _nearest(
    rows: tl.tensor,
    codes: tl.tensor,
    origin: tl.tensor,
    half_norms: tl.tensor,
    index: tl.tensor,
    n: tl.tensor,
    k: tl.tensor,
    width: tl.constexpr,
    tile_axes: tl.constexpr,
    products: tl.constexpr,
    tile_rows: tl.constexpr,
    tile_codes: tl.constexpr,
) -> None:
    row = tl.program_id(0).to(tl.int64) * tile_rows + tl.arange(0, tile_rows)
    axis = tl.arange(0, tile_axes)
    there = row < n
    least = tl.full((tile_rows,), float("inf"), tl.float32)
    chosen = tl.zeros((tile_rows,), tl.int32)
    if products != "axes":
        x = tl.load(rows + row[:, None] * width + axis, mask=there[:, None] & (axis < width), other=0.0)
        x -= tl.load(origin + axis, mask=axis < width, other=0.0)[None, :]
        if products == "bf16":
            x = x.to(tl.bfloat16).to(tl.float32)
    for start in range(0, k, tile_codes):
        code = start + tl.arange(0, tile_codes)
        known = code < k
        # Not there: infinitely far.
        score = tl.load(half_norms + code, mask=known, other=float("inf"))[None, :]
        if products == "axes":
            product = tl.zeros((tile_rows, tile_codes), tl.float32)
            for at in tl.static_range(width):
                left = tl.load(rows + row * width + at, mask=there, other=0.0) - tl.load(origin + at)
                right = tl.load(codes + code * width + at, mask=known, other=0.0)
                product += left[:, None] * right[None, :]
        else:
            c = tl.load(codes + code[:, None] * width + axis, mask=known[:, None] & (axis < width), other=0.0)
            # Values of bfloat16 have fewer bits than tf32 keeps: their products are exact in it.
            product = tl.dot(x, tl.trans(c), input_precision="ieee" if products == "exact" else "tf32")
        score = score - product
        near = tl.min(score, 1)
        at_least = tl.where(score == near[:, None], code[None, :], k)
        better = near < least
        chosen = tl.where(better, tl.min(at_least, 1), chosen)
        least = tl.where(better, near, least)
    tl.store(index + row, chosen.to(tl.int64), mask=there)


_kernel = Tuned(_nearest, _SIZES, ("k", "width", "products"))
