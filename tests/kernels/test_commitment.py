"""The mean squared distance of rows from their codes against a table of what was chosen, value and gradient."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from zoo.contracts import masked_mse
from zoo.kernels import commitment


def inputs(n: int, k: int, width: int, seed: int, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor, Tensor]:
    random = torch.Generator().manual_seed(seed)
    rows, codes = (torch.randn(size, width, generator=random, dtype=dtype) for size in (n, k))
    return rows.requires_grad_(), codes, torch.randint(k, (n,), generator=random)


@settings(deadline=None, max_examples=60)
@given(n=st.integers(1, 300), k=st.integers(1, 30), width=st.integers(20, 70), seed=st.integers(0, 2**31))
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_value_and_gradient_are_those_of_the_table(
    dtype: torch.dtype, masked: bool, n: int, k: int, width: int, seed: int
) -> None:
    rows, codes, index = inputs(n, k, width, seed, dtype)
    real = torch.arange(n) % 3 > 0 if masked else None
    expected = masked_mse(rows, codes[index], real)
    found = commitment(rows, codes, index, real)
    torch.testing.assert_close(found, expected)
    shaped = commitment(
        rows.view(-1, 1, n, width), codes, index.view(-1, 1, n), None if real is None else real.view(-1, 1, n)
    )
    assert torch.equal(shaped, found)
    (gradient,), (exact,) = torch.autograd.grad(3 * found, rows), torch.autograd.grad(3 * expected, rows)
    torch.testing.assert_close(gradient, exact)


def test_many_rows_in_any_number_of_threads_have_the_mean_of_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, codes, index = inputs(40_001, 50, 33, 0)
    exact = (rows.double() - codes.double()[index]).square().mean()
    found = []
    for threads in (1, 2, 7):
        monkeypatch.setattr(torch, "get_num_threads", lambda number=threads: number)
        value = commitment(rows, codes, index)
        found.append((value, *torch.autograd.grad(value, rows)))
    torch.testing.assert_close(found[0][0].double(), exact, rtol=2e-7, atol=0)
    for value, gradient in found[1:]:
        assert torch.equal(value, found[0][0])
        assert torch.equal(gradient, found[0][1])


@pytest.mark.parametrize("width", [3, 40])
def test_what_is_not_real_does_not_count(width: int) -> None:
    rows, codes, index = inputs(10, 4, width, 0)
    real = torch.arange(10) < 6
    given = torch.where(real[:, None], rows.detach(), torch.nan).requires_grad_()
    found = commitment(given, codes, index, real)
    torch.testing.assert_close(found, commitment(rows[:6], codes, index[:6]))
    (gradient,) = torch.autograd.grad(found, given)
    assert torch.equal(gradient[6:], torch.zeros(4, width))
    none = commitment(given, codes, index, torch.zeros(10, dtype=torch.bool))
    assert none.item() == 0
    assert torch.equal(torch.autograd.grad(none, given)[0], torch.zeros(10, width))


def test_codes_may_change_before_the_backward_pass() -> None:
    rows, codes, index = inputs(20, 6, 40, 0)
    (expected,) = torch.autograd.grad(commitment(rows, codes, index), rows)
    found = commitment(rows, codes, index)
    codes.zero_()
    assert torch.equal(torch.autograd.grad(found, rows)[0], expected)


def test_rows_need_neither_be_contiguous_nor_of_the_dtype_of_the_codes() -> None:
    rows, codes, index = inputs(20, 6, 40, 0)
    expected = commitment(rows, codes, index)
    assert torch.equal(commitment(rows.T.contiguous().T, codes.T.contiguous().T, index), expected)
    halves = rows.detach().bfloat16().requires_grad_()
    found = commitment(halves, codes, index)
    torch.testing.assert_close(found, masked_mse(halves.float(), codes[index], None))
    assert torch.autograd.grad(found, halves)[0].dtype == torch.bfloat16


@pytest.mark.parametrize("real", [None, torch.arange(30) % 3 > 0])
def test_the_operations_pass_opcheck(real: Tensor | None) -> None:
    torch.library.opcheck(torch.ops.shapezoo.commitment.default, (*inputs(30, 6, 40, 0), real))
