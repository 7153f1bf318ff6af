"""k-means against scikit-learn and its own invariants."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from torch import Tensor

from zoo.contracts.kmeans import kmeans, lloyd


def tokens(number: int, width: int, seed: int = 0, clumps: int = 5) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    centres = torch.randn(clumps, width, generator=random, dtype=torch.float64) * 3
    away = torch.randn(number, width, generator=random, dtype=torch.float64)
    return centres[torch.arange(number) % clumps] + away


def inertia(x: Tensor, vectors: Tensor) -> float:
    return float(torch.cdist(x.double(), vectors).min(1).values.square().sum())


@settings(deadline=None, max_examples=30)
@given(number=st.integers(1, 80), size=st.integers(1, 12), width=st.integers(1, 5), seed=st.integers(0, 1000))
def test_inertia_never_rises(number: int, size: int, width: int, seed: int) -> None:
    x = tokens(number, width, seed)
    vectors = torch.randn(size, width, generator=torch.Generator().manual_seed(seed + 1), dtype=torch.float64)
    before = inertia(x, vectors)
    for _ in range(8):
        vectors = lloyd(x, vectors).vectors
        after = inertia(x, vectors)
        assert after <= before * (1 + 1e-6)
        before = after


def test_from_the_same_start_it_ends_where_scikit_learn_ends() -> None:
    x = tokens(300, 3)
    vectors = x[:7].clone()
    reference = KMeans(7, init=vectors.numpy(), n_init=1, max_iter=100, tol=0, algorithm="lloyd").fit(x.numpy())
    for _ in range(100):
        vectors = lloyd(x, vectors).vectors
    np.testing.assert_allclose(vectors.numpy(), reference.cluster_centers_, atol=1e-6)
    assert inertia(x, vectors) == pytest.approx(reference.inertia_)


def test_it_is_as_good_as_that_of_scikit_learn() -> None:
    """Whole runs from their own seeds: within a tenth of the best of ten, for the median of five."""
    x = tokens(1000, 4, clumps=30)
    best = KMeans(30, n_init=10, random_state=0).fit(x.numpy()).inertia_
    found = []
    for seed in range(5):
        torch.manual_seed(seed)
        found.append(inertia(x, kmeans(x, 30).vectors))
    assert sorted(found)[2] <= 1.1 * best


def test_counts_are_those_of_the_nearest_tokens() -> None:
    torch.manual_seed(0)
    x = tokens(200, 3).float()
    book = kmeans(x, 9)
    nearest = torch.cdist(x.double(), book.vectors).argmin(1)
    assert torch.equal(book.counts, nearest.bincount(minlength=9).double())


@pytest.mark.parametrize("number", [8, 150])
def test_as_many_codes_as_tokens_are_the_tokens(number: int) -> None:
    """No token is drawn twice, whether drawn one by one or, for more than 64, several at a time."""
    torch.manual_seed(0)
    x = tokens(number, 3)
    book = kmeans(x, number)
    assert inertia(x, book.vectors) == pytest.approx(0, abs=1e-9)
    assert book.counts.tolist() == [1] * number


@pytest.mark.parametrize("unit", [False, True])
def test_with_fewer_distinct_tokens_than_codes_codes_are_split(unit: bool) -> None:
    torch.manual_seed(0)
    x = torch.eye(3).repeat(5, 1)
    book = kmeans(x, 16, unit)
    assert book.vectors.shape == (16, 3)
    assert len(book.vectors.unique(dim=0)) == 16
    torch.testing.assert_close(book.counts.sum(), torch.tensor(15.0, dtype=torch.float64))
    assert inertia(x, book.vectors) == pytest.approx(0, abs=1e-12)


def test_unit_codes_are_directions_of_their_tokens() -> None:
    torch.manual_seed(0)
    x = torch.nn.functional.normalize(tokens(300, 3), dim=-1)
    book = kmeans(x, 6, unit=True)
    torch.testing.assert_close(book.vectors.norm(dim=-1), torch.ones(6, dtype=torch.float64))
    chosen = (x @ book.vectors.T).argmax(1)
    for code in range(6):
        mean = x[chosen == code].sum(0)
        torch.testing.assert_close(book.vectors[code], mean / mean.norm(), atol=1e-4, rtol=0)
