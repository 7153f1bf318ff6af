"""A sample of tokens that does not depend on how they arrived."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from zoo.contracts.sample import Sample, sample


def tokens(number: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(number, 3, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def assert_same(one: Sample, other: Sample) -> None:
    assert torch.equal(one.tokens, other.tokens)
    assert torch.equal(one.real, other.real)


@settings(deadline=None, max_examples=60)
@given(number=st.integers(2, 60), size=st.integers(1, 70), cut=st.floats(0, 1), seed=st.integers(0, 10_000))
def test_parts_merge_to_the_sample_of_the_whole(number: int, size: int, cut: float, seed: int) -> None:
    random = torch.Generator().manual_seed(seed)
    x, mask = tokens(number, seed), torch.rand(number, generator=random) > 0.3
    first = max(1, min(number - 1, int(cut * number)))
    parts = [sample(x[part], mask[part], size) for part in (slice(0, first), slice(first, None))]
    whole = sample(x, mask, size)
    assert_same(parts[0].merge(parts[1]), whole)
    assert_same(parts[1].merge(parts[0]), whole)
    shuffled = torch.randperm(number, generator=random)
    assert_same(sample(x[shuffled], mask[shuffled], size), whole)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_it_holds_only_real_tokens_and_each_once(dtype: torch.dtype) -> None:
    x, mask = tokens(50, dtype=dtype), torch.arange(50) % 2 == 0
    found = sample(torch.where(mask[:, None], x, torch.nan), mask, 40)
    assert found.tokens.dtype == dtype
    assert found.real.tolist() == [1] * 25 + [0] * 15
    assert sorted(found.tokens[:25].tolist()) == sorted(x[mask].tolist())
    assert float(found.tokens[25:].abs().sum()) == 0


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_every_token_is_equally_likely(scale: float) -> None:
    """Means, quarters and correlations of the sample are those of all tokens, at any scale."""
    x = tokens(40_000) * scale
    found = sample(x, None, 4_000).tokens / scale
    assert float(found.mean(0).abs().max()) < 4 / 4_000**0.5
    assert float((found.std(0) - 1).abs().max()) < 4 / 8_000**0.5
    for sign in (found > 0).T.float():
        assert float((sign.mean() - 0.5).abs()) < 4 * 0.5 / 4_000**0.5
    assert float((torch.corrcoef(found.T) - torch.eye(3)).abs().max()) < 4 / 4_000**0.5


def test_half_precision_is_sampled_too() -> None:
    assert sample(tokens(20).bfloat16(), None, 8).tokens.dtype == torch.float32
