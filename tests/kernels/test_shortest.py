"""Squared distances to the nearest of a growing set against scipy's."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from zoo.kernels import shorten


@pytest.mark.parametrize("tokens", [1, 255, 256, 700])
@pytest.mark.parametrize("width", [1, 16, 48])
def test_distances_are_those_to_the_nearest_code_so_far(tokens: int, width: int) -> None:
    random = torch.Generator().manual_seed(tokens + width)
    x, codes = (torch.randn(size, width, generator=random, dtype=torch.float64) for size in (tokens, 9))
    distances = x.new_full((tokens,), torch.inf)
    for end in (1, 4, 9):
        shorten(distances, x.T.contiguous(), codes[max(0, end - 5) : end])
        expected = cdist(x.numpy(), codes[:end].numpy(), "sqeuclidean").min(1)
        np.testing.assert_allclose(distances.numpy(), expected, rtol=1e-12)


def test_a_token_that_equals_a_code_is_exactly_at_zero() -> None:
    x = torch.randn(300, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 1e6
    distances = x.new_full((300,), torch.inf)
    shorten(distances, x.T.contiguous(), x[5:8].contiguous())
    assert (distances == 0).nonzero().flatten().tolist() == [5, 6, 7]
