"""Codes in the place of rows against a look-up and torch's own gradient."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from zoo.contracts import straight_through
from zoo.kernels import Portable, through


def inputs(n: int, k: int, width: int, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor, Tensor]:
    random = torch.Generator().manual_seed(n + k + width)
    rows, codes = (torch.randn(size, width, generator=random).to(dtype) for size in (n, k))
    return rows.requires_grad_(), codes, torch.randint(k, (n,), generator=random)


@settings(deadline=None, max_examples=60)
@given(n=st.integers(0, 300), k=st.integers(1, 30), width=st.integers(1, 40))
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_values_are_the_codes_and_gradients_those_of_the_values(dtype: torch.dtype, n: int, k: int, width: int) -> None:
    rows, codes, index = inputs(n, k, width, dtype)
    found = through(rows, codes, index)
    assert torch.equal(found, codes[index])
    assert torch.equal(through(rows.view(1, n, 1, width), codes, index.view(1, n, 1)).view_as(found), found)
    assert torch.equal(found, straight_through(codes[index], rows))
    with Portable():
        assert torch.equal(through(rows.detach(), codes, index), found)
    weigh = torch.randn_like(found)
    assert torch.equal(torch.autograd.grad((found * weigh).sum(), rows)[0], weigh)


def test_a_row_that_is_no_number_stays_none() -> None:
    rows, codes, index = inputs(4, 3, 2)
    given = rows.detach().clone()
    given[1, 0], given[2, 1] = torch.nan, torch.inf
    assert through(given, codes, index).isnan().nonzero().tolist() == [[1, 0], [2, 1]]


def test_codes_may_have_another_dtype_and_order_in_memory() -> None:
    rows, codes, index = inputs(200, 30, 5)
    assert torch.equal(through(rows.T.contiguous().T, codes.T.contiguous().T, index), codes[index])
    found = through(rows.bfloat16(), codes, index)
    assert torch.equal(found, codes[index].bfloat16())


def test_the_operation_passes_opcheck() -> None:
    torch.library.opcheck(torch.ops.shapezoo.through.default, inputs(30, 6, 4))
