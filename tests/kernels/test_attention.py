"""Attention with dropout: value and gradients against a table of shares with the mask of Philox, in float64."""

from math import ceil

import numpy as np
import pytest
import torch
from numba import njit
from philox import chances, drawn
from torch import Tensor
from torch.nn import functional as F

from zoo.kernels import attention
from zoo.kernels.product_tile import ROWS, add_product_of_tile

SIZES = {  # b, n, s, h, e
    "one of each": (1, 1, 1, 1, 1),
    "no multiples": (3, 50, 51, 2, 8),
    "few queries, wide heads": (2, 5, 70, 3, 40),
    "several blocks of queries": (2, 300, 9, 1, 5),
}


def drawn_in(sizes: tuple[int, ...], seed: int, p: float, allowed: Tensor | None = None) -> Tensor:
    """The factors `(b h n s)` of shares. Masks cover equal blocks of queries, rounded up to 16, by eights of keys."""
    batch, queries, keys, heads, _ = sizes
    lanes = 16 * ceil(ceil(queries / ceil(queries / 128)) / 16)
    least, blocks, rows = round(p * 2**16), ceil(queries / lanes), 8 * ceil(keys / 8)
    kept = torch.from_numpy(chances(batch * heads * blocks * rows * lanes, seed) >= least)
    by_place = kept.view(batch, heads, blocks, rows, lanes).transpose(-1, -2).flatten(2, 3)[:, :, :queries]
    # Keys that may not be attended to have no place in the mask.
    place = torch.arange(keys).expand(batch, -1) if allowed is None else (allowed.cumsum(-1) - 1).clamp(min=0)
    return by_place.gather(-1, place[:, None, None].expand(-1, heads, queries, -1)) * 2**16 / (2**16 - least)


def by_table(query: Tensor, key: Tensor, value: Tensor, allowed: Tensor | None, factors: Tensor) -> Tensor:
    scores = torch.einsum("bnhe,bshe->bhns", query, key) / query.shape[-1] ** 0.5
    if allowed is not None:
        scores = scores.masked_fill(~allowed[:, None, None], -torch.inf)
    return torch.einsum("bhns,bshe->bnhe", scores.softmax(-1).nan_to_num(0) * factors, value)


def inputs(sizes: tuple[int, ...]) -> list[Tensor]:
    batch, queries, keys, heads, width = sizes
    torch.manual_seed(0)
    return [torch.randn(batch, number, heads, width, requires_grad=True) for number in (queries, keys, keys)]


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("masked", [False, True], ids=["all keys", "some keys"])
@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
def test_values_and_gradients_equal_those_of_a_table_of_shares(sizes, masked, threads):
    parts = inputs(sizes)
    allowed = torch.rand(sizes[0], sizes[2]) < 0.7 if masked else None
    factors = drawn_in(sizes, drawn(7), 0.3, allowed)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        torch.manual_seed(7)
        found = attention(*parts, allowed, 0.3)
        weight = torch.randn_like(found)
        gradients = torch.autograd.grad(found, parts, weight)
    finally:
        torch.set_num_threads(before)
    precise = [part.detach().double().requires_grad_() for part in parts]
    expected = by_table(*precise, allowed, factors)
    torch.testing.assert_close(found.double(), expected, rtol=0, atol=5e-6)
    for gradient, exact in zip(gradients, torch.autograd.grad(expected, precise, weight.double()), strict=True):
        torch.testing.assert_close(gradient.double(), exact, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("size", [1e-3, 1.0, 40.0])
def test_shares_of_any_size_are_those_of_softmax(size):
    """Scores from far below to far above 0; e⁻⁸⁷ is the smallest share."""
    query, key, value = (part.detach() * size for part in inputs((2, 30, 40, 2, 4)))
    factors = drawn_in((2, 30, 40, 2, 4), drawn(1), 0.2)
    torch.manual_seed(1)
    found = attention(query, key, value, None, 0.2)
    expected = by_table(query.double(), key.double(), value.double(), None, factors)
    torch.testing.assert_close(found.double(), expected, rtol=1e-4, atol=1e-5 * size)


def test_a_query_without_keys_gets_0_and_no_gradient():
    parts = inputs((2, 6, 5, 1, 3))
    allowed = torch.tensor([[True] * 5, [False] * 5])
    found = attention(*parts, allowed, 0.5)
    assert not found[1].any()
    for gradient in torch.autograd.grad(found.sum(), parts):
        assert not gradient[1].any()
        assert gradient.isfinite().all()


@pytest.mark.parametrize("sizes", [(2, 3, 0, 2, 4), (0, 3, 5, 2, 4), (2, 0, 5, 2, 4)])
def test_nothing_to_attend_to_or_from_is_as_in_torch(sizes):
    query, key, value = (part.detach() for part in inputs(sizes))
    assert torch.equal(attention(query, key, value, None, 0.5), torch.zeros_like(query))


def test_what_is_not_finite_reaches_the_result():
    query, key, value = (part.detach() for part in inputs((2, 20, 7, 1, 4)))
    query[1, 3] = torch.nan
    found = attention(query, key, value, None, 0.1)
    assert found[1, 3].isnan().all()
    assert found[0].isfinite().all()


def test_parts_of_one_projection_are_read_in_place():
    torch.manual_seed(0)
    whole = torch.randn(3, 20, 3 * 12, requires_grad=True)
    parts = [part.unflatten(-1, (2, 6)) for part in whole.chunk(3, -1)]
    torch.manual_seed(1)
    found = attention(*parts, None, 0.2)
    torch.manual_seed(1)
    copied = attention(*(part.contiguous() for part in parts), None, 0.2)
    assert torch.equal(found, copied)
    weight = torch.randn_like(found)
    assert torch.equal(*(torch.autograd.grad(one, whole, weight)[0] for one in (found, copied)))


def test_without_dropout_it_is_torch_s_own():
    query, key, value = inputs((2, 20, 7, 2, 4))
    expected = F.scaled_dot_product_attention(*(part.transpose(1, 2) for part in (query, key, value)))
    assert torch.equal(attention(query, key, value), expected.transpose(1, 2))


def test_the_operation_passes_opcheck():
    allowed = torch.rand(2, 7) < 0.8
    arguments = (*inputs((2, 20, 7, 2, 4)), allowed, torch.tensor(5), 0.25)
    torch.library.opcheck(torch.ops.shapezoo.attention.default, arguments)


@pytest.mark.parametrize("columns", [4, 8, 16])
def test_tiles_of_every_processor_add_products(columns):
    """LLVM compiles vectors that this processor lacks, too."""
    add = add_product_of_tile(ROWS, columns)

    @njit
    def whole(left, right, out):
        add(
            right.ctypes.data, right.shape[1], left.ctypes.data, left.shape[1], 1, out.ctypes.data, out.shape[1],
            right.shape[0],
        )  # fmt: skip

    rng = np.random.default_rng(0)
    left, right = (rng.standard_normal(shape).astype(np.float32) for shape in ((ROWS, 11), (11, columns + 3)))
    out = rng.standard_normal((ROWS, columns + 3)).astype(np.float32)
    expected = out.copy()
    expected[:, :columns] += left @ right[:, :columns]
    whole(left, right, out)
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-5)
