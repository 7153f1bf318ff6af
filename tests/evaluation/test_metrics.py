"""Scores against scikit-learn and numpy on random inputs; baselines against their definition."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from zoo.evaluation.classification import Classification
from zoo.evaluation.reconstruction import Reconstruction, low_pass
from zoo.evaluation.score import HEAD
from zoo.evaluation.usage import Usage
from zoo.evaluation.usage_report import perplexity


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 6), st.integers(1, 60), st.integers(0, 2**31))
def test_class_scores_equal_those_of_scikit_learn(classes, windows, seed):
    rng = np.random.default_rng(seed)
    truth, logits = rng.integers(0, classes, windows), rng.normal(size=(windows, classes))
    counted = Classification(HEAD, tuple(f"c{k}" for k in range(classes)))
    for part in np.array_split(np.arange(windows), 3):
        if len(part):
            counted.update(torch.as_tensor(logits[part]), torch.as_tensor(truth[part]))
    report, guess = counted.report(), logits.argmax(1)
    assert report.correct == int((truth == guess).sum())
    assert report.total == windows
    recalls = reference.recall_score(truth, guess, labels=np.unique(truth), average="macro", zero_division=0)
    assert report.balanced_accuracy == pytest.approx(recalls)
    assert report.macro_f1 == pytest.approx(reference.f1_score(truth, guess, average="macro", zero_division=0))
    assert report.confusion == reference.confusion_matrix(truth, guess, labels=range(classes)).tolist()
    assert report.never_predicted == [f"c{k}" for k in range(classes) if k in truth and k not in guess]


def random_signals(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(7, 2, 30, generator=generator) + 3
    rebuilt = x + 0.3 * torch.randn(7, 2, 30, generator=generator)
    return x, rebuilt, torch.rand(7, 2, 30, generator=generator) > 0.3


def test_reconstruction_scores_equal_numpy_over_the_whole_split():
    x, rebuilt, _ = random_signals(0)
    scores = Reconstruction(2, tokens=5)
    scores.update(x[:3], rebuilt[:3])
    scores.update(x[3:], rebuilt[3:])
    for c, score in enumerate(scores.report()[:2]):
        raw, made = x[:, c].double().numpy(), rebuilt[:, c].double().numpy()
        assert score.mse == pytest.approx(((raw - made) ** 2).mean())
        assert score.nmse == pytest.approx(((raw - made) ** 2).mean() / raw.var())
        spread = ((raw - raw.mean(1, keepdims=True)) ** 2).sum()
        assert score.r2 == pytest.approx(1 - ((raw - made) ** 2).sum() / spread)
        rows = [np.corrcoef(a, b)[0, 1] for a, b in zip(raw, made, strict=True)]
        assert score.correlation == pytest.approx(np.mean(rows))
        assert score.mean_mse == pytest.approx(spread / raw.size)


def test_only_observed_samples_count():
    x, rebuilt, mask = random_signals(1)
    seen, hidden = Reconstruction(2, tokens=5), Reconstruction(2, tokens=5)
    seen.update(x, rebuilt, mask)
    hidden.update(torch.where(mask, x, 0), torch.where(mask, rebuilt, 1e6), mask)
    assert [s.mse for s in seen.report()] == pytest.approx([s.mse for s in hidden.report()])
    chosen = mask.numpy()
    assert seen.report()[-1].mse == pytest.approx(((x - rebuilt).double().numpy()[chosen] ** 2).mean())


@pytest.mark.parametrize("numbers", [1, 3, 7])
def test_the_low_pass_keeps_the_requested_number_of_real_values(numbers):
    x = random_signals(2)[0].double()
    time = np.arange(30)
    waves = [np.ones(30)]
    for k in range(1, (numbers - 1) // 2 + 1):
        waves += [np.cos(2 * np.pi * k * time / 30), np.sin(2 * np.pi * k * time / 30)]
    basis = np.stack(waves, 1)
    fitted = basis @ np.linalg.lstsq(basis, x[0, 0].numpy(), rcond=None)[0]
    np.testing.assert_allclose(low_pass(x, numbers)[0, 0].numpy(), fitted, atol=1e-10)


def test_a_constant_channel_has_no_r2_and_no_correlation():
    scores = Reconstruction(1, tokens=3)
    scores.update(torch.ones(2, 1, 8), torch.zeros(2, 1, 8))
    assert scores.report()[0].r2 is None
    assert scores.report()[0].correlation is None
    assert scores.report()[0].mse == 1.0


@given(st.integers(1, 3), st.integers(1, 2), st.integers(1, 2), st.integers(1, 6), st.integers(0, 2**31))
def test_code_counts_equal_counting_one_by_one(channels, tokens, levels, codes, seed):
    generator = torch.Generator().manual_seed(seed)
    found = torch.randint(codes, (4, channels, tokens, levels), generator=generator)
    mask = torch.rand(4, channels, tokens, generator=generator) > 0.4
    usage = Usage(channels, levels, codes)
    usage.update(found, mask)
    expected = np.zeros((channels, levels, codes), dtype=int)
    for b, c, n in np.argwhere(mask.numpy()):
        for q in range(levels):
            expected[c, q, found[b, c, n, q]] += 1
    np.testing.assert_array_equal(usage.compute().numpy(), expected)


def test_perplexity_is_the_number_of_codes_if_all_are_used_equally():
    assert perplexity(torch.tensor([5, 5, 5, 5, 0])) == pytest.approx(4.0)
    assert perplexity(torch.zeros(3, dtype=torch.int64)) == 0.0
