"""Sums by code against numpy's."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.kernels import Tally, tally
from zoo.kernels.tally import plain


@settings(deadline=None, max_examples=80)
@given(n=st.integers(0, 200), k=st.integers(1, 50), width=st.integers(1, 20), seed=st.integers(0, 2**31))
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_form_counts_and_adds_up(dtype: torch.dtype, masked: bool, n: int, k: int, width: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    rows, index = random.integers(-9, 9, (n, width)), random.integers(0, k, n)
    real = random.random(n) < 0.7 if masked else np.ones(n, bool)
    sums = np.zeros((k, width))
    np.add.at(sums, index[real], rows[real])
    given = torch.from_numpy(np.where(real[:, None], rows, np.nan)).to(dtype)
    for form in (tally, plain):
        found = Tally(*form(given, torch.from_numpy(index), k, torch.from_numpy(real) if masked else None))
        assert (found.counts.dtype, found.sums.dtype) == (torch.int64, dtype)
        np.testing.assert_array_equal(found.counts.numpy(), np.bincount(index[real], minlength=k))
        np.testing.assert_array_equal(found.sums.numpy(), sums)


@pytest.mark.parametrize("real", [None, torch.arange(30) % 3 > 0])
def test_the_operation_passes_opcheck(real: torch.Tensor | None) -> None:
    torch.library.opcheck(torch.ops.shapezoo.tally.default, (torch.randn(30, 4), torch.randint(6, (30,)), 6, real))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_rows_are_added_in_their_order(dtype: torch.dtype) -> None:
    """So sums are those of the plain form bit by bit."""
    random = torch.Generator().manual_seed(0)
    rows, index = torch.randn(500, 3, generator=random, dtype=dtype), torch.randint(7, (500,), generator=random)
    sums = np.zeros((7, 3), rows.numpy().dtype)
    np.add.at(sums, index.numpy(), rows.numpy())
    for form in (tally, plain):
        np.testing.assert_array_equal(Tally(*form(rows, index, 7, None)).sums.numpy(), sums)
