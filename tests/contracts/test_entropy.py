"""Entropies of soft assignments against scipy's."""

import numpy as np
import torch
from scipy.special import softmax
from scipy.stats import entropy as reference

from zoo.contracts import choice_entropy, entropy


def test_the_term_equals_its_formula() -> None:
    random = torch.Generator().manual_seed(0)
    latents = torch.randn(4, 5, 3, generator=random, dtype=torch.float64)
    codes = torch.randn(6, 3, generator=random, dtype=torch.float64)
    mask = torch.rand(4, 5, generator=random) > 0.4
    for given, real in ((None, latents.flatten(0, 1)), (mask, latents[mask])):
        p = softmax(-(real[:, None] - codes).square().sum(-1).numpy() / 0.5, -1)
        expected = reference(p, axis=-1).mean() - 0.7 * reference(p.mean(0))
        np.testing.assert_allclose(float(choice_entropy(latents, codes, given, 0.5, 0.7)), expected, rtol=1e-12)


def test_masked_tokens_have_neither_value_nor_gradient() -> None:
    random = torch.Generator().manual_seed(0)
    latents, codes = torch.randn(4, 5, 3, generator=random), torch.randn(6, 3, generator=random)
    mask = torch.rand(4, 5, generator=random) > 0.4
    clean = latents.clone().requires_grad_()
    spoilt = torch.where(mask[..., None], latents, torch.nan).requires_grad_()
    terms = [choice_entropy(given, codes, mask, 0.5, 0.7) for given in (clean, spoilt)]
    assert torch.equal(*terms)
    one, other = (torch.autograd.grad(term, given)[0] for term, given in zip(terms, (clean, spoilt), strict=True))
    assert torch.equal(one, other)
    assert float(one[~mask].abs().max()) == 0


def test_extreme_inputs() -> None:
    torch.testing.assert_close(entropy(torch.full((8,), 1 / 8)), torch.tensor(8.0).log())
    assert float(entropy(torch.eye(4)).sum()) == 0
    corners = torch.eye(4, dtype=torch.float64)
    np.testing.assert_allclose(float(choice_entropy(corners, corners, None, 1e-3, 1.0)), -np.log(4))
