"""The calibration error against its definition, bin by bin."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.evaluation.classification import Classification
from zoo.evaluation.score import HEAD

BINS = 15


def calibration_error(logits: np.ndarray, target: np.ndarray) -> float:
    """Sum over bins of |accuracy − mean confidence|, each times its share of the windows."""
    chances = np.exp(logits - logits.max(1, keepdims=True))
    confidence = (chances / chances.sum(1, keepdims=True)).max(1)
    right = logits.argmax(1) == target
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = [abs(right[bins == b].mean() - confidence[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins)]
    return float(sum(gaps))


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 6), st.integers(1, 60), st.floats(0.1, 30), st.integers(0, 2**31))
def test_the_calibration_error_is_that_of_its_definition(classes, windows, sharpness, seed):
    generator = torch.Generator().manual_seed(seed)
    logits = sharpness * torch.randn(windows, classes, generator=generator, dtype=torch.float64)
    target = torch.randint(classes, (windows,), generator=generator)
    counted = Classification(tuple("abcdef"[:classes]))
    for rows in torch.arange(windows).split(7):
        counted.update(logits[rows], target[rows])
    assert counted.report().ece == pytest.approx(calibration_error(logits.numpy(), target.numpy()), abs=1e-5)


def test_a_sure_classifier_that_is_wrong_half_the_time_has_error_one_half():
    counted = Classification(HEAD, ("a", "b"))
    counted.update(torch.tensor([[40.0, 0.0]] * 4), torch.tensor([0, 0, 1, 1]))
    assert counted.report().ece == pytest.approx(0.5)
    counted.reset()
    counted.update(torch.tensor([[40.0, 0.0]] * 4), torch.zeros(4, dtype=torch.int64))
    assert counted.report().ece == pytest.approx(0, abs=1e-6)


def test_complete_and_nearly_complete_confidence_share_a_bin():
    counted = Classification(("a", "b"))
    counted.update(torch.tensor([[800.0, 0.0], [3.0, 0.0]]), torch.tensor([1, 0]))
    assert counted.report().ece == pytest.approx(abs(0.5 - (1 + 1 / (1 + np.exp(-3))) / 2))
