"""Entropies of soft choices against scipy's."""

import numpy as np
import torch
from scipy.special import softmax
from scipy.stats import entropy as reference

from zoo.contracts import choice_entropy, entropy


def test_the_term_is_its_formula() -> None:
    logits = torch.randn(4, 5, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 3
    mask = torch.rand(4, 5, generator=torch.Generator().manual_seed(1)) > 0.4
    for given, real in ((None, logits.flatten(0, 1)), (mask, logits[mask])):
        p = softmax(real.numpy(), -1)
        expected = reference(p, axis=-1).mean() - 0.7 * reference(p.mean(0))
        np.testing.assert_allclose(float(choice_entropy(logits, given, 0.7)), expected, rtol=1e-12)


def test_extremes() -> None:
    torch.testing.assert_close(entropy(torch.full((8,), 1 / 8)), torch.tensor(8.0).log())
    assert float(entropy(torch.eye(4)).sum()) == 0
    sure_and_even = torch.eye(4, dtype=torch.float64) * 1e3
    np.testing.assert_allclose(float(choice_entropy(sure_and_even, None, 1.0)), -np.log(4))
