"""The codebook of VQShape: nearest codes, straight-through values, the parts of `z`, and masks."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from zoo_registry import Shape
from zoo_vqshape import CodebookSpec
from zoo_vqshape.codebook import Codebook

WIDTH, CODES = 3, 5


def build(**fields) -> Codebook:
    torch.manual_seed(0)
    module = CodebookSpec(**{"codes": CODES, **fields}).build(Shape.of("c n d", 2, 4, WIDTH))
    assert isinstance(module, Codebook)
    return module.double()


def latents(scale: float = 0.2) -> Tensor:
    return torch.randn(2, 2, 4, WIDTH, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) * scale


def some() -> Tensor:
    return torch.tensor([[[True, True, False, True], [True, False, False, False]]]).repeat(2, 1, 1)


@given(seed=st.integers(0, 10_000), scale=st.floats(1e-3, 1e3))
@settings(max_examples=40, deadline=None)
def test_the_nearest_code_by_distance(seed, scale):
    book = build()
    z = torch.randn(1, 1, 7, WIDTH, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)) * scale
    found = book(z)
    distance = torch.cdist(z.flatten(0, 2), book.embedding.weight)
    nearest = distance.gather(1, found.codes.view(-1, 1)).squeeze(1)
    torch.testing.assert_close(nearest, distance.min(1).values, rtol=1e-9, atol=1e-12)
    assert found.codes.shape == (1, 1, 7, 1)
    assert found.codes.dtype == torch.int64


def test_codes_start_small_and_uniform():
    weight = build(codes=1000).embedding.weight
    assert weight.abs().max() <= 1 / 1000
    assert weight.std().item() == pytest.approx(1 / 1000 / 3**0.5, rel=0.05)


def test_decode_equals_values_to_the_bit():
    book = build().float()
    found = book(latents(100).float())
    assert torch.equal(book.decode(found.codes), found.values)


def test_the_straight_through_gradient_reaches_only_tokens():
    book, z = build(), latents().requires_grad_()
    direction = torch.randn_like(z)
    (book(z).values * direction).sum().backward()
    torch.testing.assert_close(z.grad, direction)
    assert book.embedding.weight.grad is None


def entropy(p: Tensor) -> Tensor:
    return -(p * p.clamp(min=1e-5).log()).sum(-1)


def parts_by_hand(book: Codebook, z: Tensor, temperature: float, gamma: float) -> dict[str, Tensor]:
    """The three parts for real tokens `(m d)`, every difference written out."""
    squared = (z[:, None, :] - book.embedding.weight[None]).square().sum(-1)
    code = book.embedding.weight[squared.argmin(1)]
    p = (-squared / temperature).softmax(1)
    return {
        "codebook": (code - z.detach()).square().mean(),
        "commit": (code.detach() - z).square().mean(),
        "entropy": entropy(p).mean() - gamma * entropy(p.mean(0)),
    }


@pytest.mark.parametrize("masked", [False, True])
def test_parts_are_their_formulas_in_value_and_gradient(masked):
    book = build(codebook_weight=0.5, commit_weight=2.0, entropy_weight=0.3, entropy_gamma=0.7, temperature=0.05)
    z = latents().requires_grad_()
    mask = some() if masked else None
    losses = book.losses(book(z, mask), mask)
    expected = parts_by_hand(book, z.flatten(0, 2) if mask is None else z[mask], 0.05, 0.7)
    for name, value in expected.items():
        torch.testing.assert_close(losses[f"z.{name}"], value)
    total = 0.5 * expected["codebook"] + 2.0 * expected["commit"] + 0.3 * expected["entropy"]
    torch.testing.assert_close(losses["z"], total)
    inputs = (z, book.embedding.weight)
    torch.testing.assert_close(torch.autograd.grad(losses["z"], inputs), torch.autograd.grad(total, inputs))


def test_published_weights_are_the_defaults():
    book, z = build(), latents()
    losses = book.losses(book(z))
    torch.testing.assert_close(
        losses["z"], 0.25 * losses["z.codebook"] + losses["z.commit"] + 0.1 * losses["z.entropy"]
    )


def test_no_mask_equals_a_mask_that_is_all_true():
    book, z = build().train(), latents()
    every = torch.ones(z.shape[:-1], dtype=torch.bool)
    plain, masked = book(z), book(z, every)
    assert torch.equal(plain.stats["counts"], masked.stats["counts"])
    for name, value in book.losses(plain).items():
        torch.testing.assert_close(book.losses(masked, every)[name], value)


def test_padded_tokens_affect_neither_losses_nor_counts_and_have_valid_codes():
    book, z, mask = build().train(), latents(), some()
    other = torch.where(mask.unsqueeze(-1), z, torch.nan)
    first, second = book(z, mask), book(other, mask)
    assert torch.equal(first.stats["counts"], second.stats["counts"])
    assert ((second.codes >= 0) & (second.codes < CODES)).all()
    for name, value in book.losses(first, mask).items():
        assert torch.equal(book.losses(second, mask)[name], value)


def test_counts_add_up_over_batches_and_only_in_training():
    book, z = build().train(), latents()
    whole = book(z).stats["counts"]
    assert torch.equal(whole, sum(book(part).stats["counts"] for part in z.split(1)))
    assert torch.equal(whole, book(z).codes.flatten().bincount(minlength=CODES))
    assert book.eval()(z).stats is None


def test_forward_and_update_change_nothing():
    book = build().train()
    before = book.embedding.weight.clone()
    book.update(book(latents()).stats)
    assert torch.equal(book.embedding.weight, before)


def test_codes_do_not_change_under_autocast():
    book, z = build(codes=64).float(), latents().float()
    with torch.autocast("cpu", torch.bfloat16):
        found = book(z)
    assert torch.equal(found.codes, book(z).codes)
