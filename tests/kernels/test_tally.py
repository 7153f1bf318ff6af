"""Sums by code against numpy's."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.kernels import tally
from zoo.kernels.tally import plain


@settings(deadline=None, max_examples=80)
@given(n=st.integers(0, 200), k=st.integers(1, 50), width=st.integers(1, 20), seed=st.integers(0, 2**31))
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_form_gives_the_sums(dtype: torch.dtype, n: int, k: int, width: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    rows, index = random.integers(-9, 9, (n, width)), random.integers(0, k, n)
    expected = np.zeros((k, width))
    np.add.at(expected, index, rows)
    given_rows, given_index = torch.from_numpy(rows).to(dtype), torch.from_numpy(index)
    for form in (tally, plain):
        found = form(given_rows, given_index, k)
        assert found.dtype == dtype
        np.testing.assert_array_equal(found.numpy(), expected)


def test_the_operation_is_whole() -> None:
    torch.library.opcheck(torch.ops.shapezoo.tally.default, (torch.randn(30, 4), torch.randint(6, (30,)), 6))
