"""Calibration against torchmetrics."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchmetrics import CalibrationError

from zoo.evaluation.calibration import BINS, Calibration
from zoo.evaluation.classification import Classification
from zoo.evaluation.score import HEAD


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 6), st.integers(1, 60), st.floats(0.1, 3), st.integers(0, 2**31))
def test_the_calibration_error_equals_that_of_torchmetrics(classes, windows, sharpness, seed):
    generator = torch.Generator().manual_seed(seed)
    logits = sharpness * torch.randn(windows, classes, generator=generator, dtype=torch.float64)
    target = torch.randint(classes, (windows,), generator=generator)
    whole, parts = CalibrationError(task="multiclass", num_classes=classes, n_bins=BINS, norm="l1"), Calibration()
    whole.update(logits.softmax(-1), target)
    for rows in torch.arange(windows).split(7):
        parts.update(logits[rows], target[rows])
    assert float(parts.compute()) == pytest.approx(float(whole.compute()), abs=1e-6)


def test_a_sure_classifier_that_is_wrong_half_the_time_has_error_one_half():
    counted = Classification(HEAD, ("a", "b"))
    counted.update(torch.tensor([[40.0, 0.0]] * 4), torch.tensor([0, 0, 1, 1]))
    assert counted.report().ece == pytest.approx(0.5)
    counted.reset()
    counted.update(torch.tensor([[40.0, 0.0]] * 4), torch.zeros(4, dtype=torch.int64))
    assert counted.report().ece == pytest.approx(0, abs=1e-9)
