"""Solvers for linear maps against refitting without each group, scikit-learn, and pure noise."""

import numpy as np
import pytest
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression, Ridge
from torch.nn import functional as F
from zoo_registry import ClosedSpec, TrainingError

from zoo.linear import fit_linear
from zoo.linear.components import find_components
from zoo.linear.discriminant import Discriminant, discriminant
from zoo.linear.logistic import Logistic
from zoo.linear.ridge import Ridge as ClosedRidge
from zoo.linear.scaling import find_scaling
from zoo.linear.temperature import find_temperature

CLASSES = 3
FEW, MANY = 12, 90
"""Features, beside `WINDOWS`: the Gram matrix of features is taken, or that of windows."""
WINDOWS = 60
LOGISTIC = ClosedSpec(method="logistic", alphas=(0.1, 1))
DISCRIMINANT = ClosedSpec(method="discriminant")
METHODS = pytest.mark.parametrize("spec", [ClosedSpec(), DISCRIMINANT, LOGISTIC], ids=lambda spec: spec.method)


def made(features: int, seed: int = 0, strength: float = 0.4) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Features with different offsets and scales that predict the labels weakly, and groups of one to seven windows."""
    random = torch.Generator().manual_seed(seed)
    labels = torch.arange(WINDOWS) % CLASSES
    groups = torch.repeat_interleave(
        torch.arange(17), torch.tensor([1, 7, 2, 4, 3, 1, 5, 4, 4, 4, 5, 2, 3, 6, 1, 7, 1])
    )
    centres = torch.randn(CLASSES, features, generator=random, dtype=torch.float64) * strength
    x = centres[labels] + torch.randn(WINDOWS, features, generator=random, dtype=torch.float64)
    x *= torch.rand(features, generator=random, dtype=torch.float64) * 10 + 0.1
    return x + 50 * torch.randn(features, generator=random, dtype=torch.float64), labels, groups[:WINDOWS]


@pytest.mark.parametrize("features", [FEW, MANY])
@pytest.mark.parametrize("grouped", [True, False])
@pytest.mark.parametrize("alpha", [1e-3, 0.1, 10])
def test_held_out_predictions_equal_refitting_without_each_group(features, grouped, alpha):
    x, labels, groups = made(features)
    scaling = find_scaling(x, None)
    found = ClosedRidge(find_components(x, scaling), labels, CLASSES, groups if grouped else None).held_out(alpha)
    scaled, targets = scaling.apply(x).numpy(), F.one_hot(labels, CLASSES).double().numpy()
    numbers = groups.numpy() if grouped else np.arange(WINDOWS)
    for number in np.unique(numbers):
        off = numbers == number
        expected = Ridge(alpha, solver="svd").fit(scaled[~off], targets[~off]).predict(scaled[off])
        np.testing.assert_allclose(found[torch.from_numpy(off)], expected, rtol=0, atol=1e-8)


def test_pure_noise_is_held_out_at_chance_unlike_the_formula_without_intercept():
    random = torch.Generator().manual_seed(3)
    x = torch.randn(300, 2000, generator=random, dtype=torch.float64)
    groups = torch.arange(300) // 5
    labels = torch.randint(CLASSES, (60,), generator=random)[groups]
    found = fit_linear(x, labels, CLASSES, groups)
    assert found.correct / found.total < 0.45
    scaled = find_scaling(x, None).apply(x)
    inverse = torch.linalg.inv(scaled @ scaled.T + 1e-9 * torch.eye(300, dtype=torch.float64))
    targets = F.one_hot(labels, CLASSES).double()
    targets -= targets.mean(0)
    leaking = torch.stack(
        [
            targets[rows] - torch.linalg.solve(inverse[rows][:, rows], (inverse @ targets)[rows])
            for rows in torch.arange(300).view(60, 5)
        ]
    ).flatten(0, 1)
    assert (leaking.argmax(-1) == labels).double().mean() > 0.9


@METHODS
@pytest.mark.parametrize("blocks", [None, (5, 4, 3)])
def test_both_gram_matrices_give_the_same_result(spec, blocks):
    """Constant features make the windows fewer than the features, and change nothing else."""
    x, labels, groups = made(FEW)
    few = fit_linear(x, labels, CLASSES, groups, blocks, spec)
    constant = torch.full((WINDOWS, MANY - FEW), 0.1, dtype=torch.float64)
    wide = None if blocks is None else (*blocks, MANY - FEW)
    many = fit_linear(torch.cat([x, constant], 1), labels, CLASSES, groups, wide, spec)
    assert (many.alpha, many.correct) == (few.alpha, few.correct)
    torch.testing.assert_close(many.weight[:, :FEW], few.weight, rtol=1e-4, atol=1e-7)
    torch.testing.assert_close(x @ many.weight[:, :FEW].T + many.bias, x @ few.weight.T + few.bias, rtol=0, atol=1e-3)
    assert not many.weight[:, FEW:].any()


@pytest.mark.parametrize("features", [FEW, MANY])
def test_the_ridge_map_equals_that_of_scikit_learn(features):
    x, labels, groups = made(features)
    found = fit_linear(x, labels, CLASSES, groups, spec=ClosedSpec(alphas=(0.5,)))
    scaled = ((x - x.mean(0)) / x.std(0, correction=0)).numpy() / np.sqrt(features)
    expected = Ridge(0.5).fit(scaled, F.one_hot(labels, CLASSES).numpy()).predict(scaled)
    logits = (x @ found.weight.T + found.bias) * found.temperature
    np.testing.assert_allclose(logits, expected, rtol=0, atol=1e-8)


@pytest.mark.parametrize("classes", [2, CLASSES])
@pytest.mark.parametrize("features", [FEW, MANY])
def test_the_logistic_map_equals_that_of_scikit_learn(features, classes):
    x, labels, groups = made(features)
    labels = labels.clamp(max=classes - 1)
    found = fit_linear(x, labels, classes, groups, spec=ClosedSpec(method="logistic", alphas=(0.2,)))
    scaled = ((x - x.mean(0)) / x.std(0, correction=0)).numpy() / np.sqrt(features)
    model = LogisticRegression(C=5, tol=1e-8, max_iter=5000).fit(scaled, labels)
    logits = (x @ found.weight.T + found.bias) * found.temperature
    np.testing.assert_allclose(logits.softmax(-1), model.predict_proba(scaled), rtol=0, atol=2e-3)


@METHODS
def test_units_and_offsets_of_features_do_not_matter(spec):
    x, labels, groups = made(FEW)
    one = fit_linear(x, labels, CLASSES, groups, spec=spec)
    other = fit_linear(x * 9.81 + torch.arange(FEW), labels, CLASSES, groups, spec=spec)
    assert (one.alpha, one.correct) == (other.alpha, other.correct)
    torch.testing.assert_close(other.weight * 9.81, one.weight, rtol=1e-4, atol=1e-6)


def test_blocks_have_equal_weight_and_keep_ratios_within():
    x, _, _ = made(FEW)
    scaled = find_scaling(x, (8, 4)).apply(x)
    norms = [float(part.square().sum(1).mean()) for part in scaled.split([8, 4], 1)]
    assert norms == pytest.approx([0.5, 0.5])
    deviations = x.std(0) / scaled.std(0)
    assert float(deviations[:8].std()) == pytest.approx(0, abs=1e-9)


def test_held_out_probabilities_have_the_best_temperature():
    """No other temperature has a lower cross-entropy; where every window is right, it stays above 0."""
    x, labels, groups = made(FEW)
    components = find_components(x, find_scaling(x, None))
    for method in (ClosedRidge, Discriminant, Logistic):
        scores = method(components, labels, CLASSES, groups).held_out(0.1)
        best = find_temperature(scores, labels)
        smooth = (F.one_hot(labels, CLASSES) * WINDOWS + 1.0) / (WINDOWS + CLASSES)
        losses = [float(F.cross_entropy(scores / (best * by), smooth.double())) for by in (1, 0.97, 1.03, 0.3, 3)]
        assert losses[0] == min(losses)
    clear = F.one_hot(labels, CLASSES).double()
    sure = (clear / find_temperature(clear, labels)).softmax(-1).amax(-1)
    assert (sure > 0.9).all()
    assert (sure < 1 - 1e-3).all()


def test_the_discriminant_equals_that_of_scikit_learn_without_regularisation(monkeypatch):
    monkeypatch.setattr("zoo.linear.discriminant._SHRINK", 1e-9)
    x, labels, _ = made(FEW)
    turn, shift = discriminant(x[:, :CLASSES], labels, CLASSES)
    centred = x[:, :CLASSES] - x[:, :CLASSES].mean(1, keepdim=True)
    expected = (
        LinearDiscriminantAnalysis(solver="svd").fit(centred[:, 1:].numpy(), labels).predict_proba(centred[:, 1:])
    )
    found = (x[:, :CLASSES] @ turn + shift).softmax(-1)
    np.testing.assert_allclose(found, expected, rtol=0, atol=0.02)


def test_a_class_between_two_others_is_masked_for_a_ridge_but_not_for_its_discriminant():
    """One feature, three classes along it (Hastie, Tibshirani & Friedman, section 4.2)."""
    labels = torch.arange(300) % 3
    x = (labels + 0.1 * torch.randn(300, generator=torch.Generator().manual_seed(0)))[:, None].double()
    ridge, found = fit_linear(x, labels, 3), fit_linear(x, labels, 3, spec=DISCRIMINANT)
    assert ridge.correct < 220
    assert found.correct > 295
    assert ((x @ found.weight.T + found.bias).argmax(-1) == labels).sum() > 295


@METHODS
def test_pure_noise_is_held_out_at_chance_by_every_method(spec):
    random = torch.Generator().manual_seed(5)
    groups = torch.arange(300) // 5
    labels = torch.randint(CLASSES, (60,), generator=random)[groups]
    found = fit_linear(torch.randn(300, 200, generator=random, dtype=torch.float64), labels, CLASSES, groups, spec=spec)
    assert found.correct / found.total < 0.45


def test_a_class_without_windows_is_never_predicted():
    x, labels, groups = made(FEW)
    for spec in (ClosedSpec(), DISCRIMINANT, LOGISTIC):
        found = fit_linear(x, labels, CLASSES + 1, groups, spec=spec)
        assert (x @ found.weight.T + found.bias).argmax(-1).max() < CLASSES


def test_with_a_single_group_windows_are_held_out_one_by_one():
    x, labels, _ = made(FEW)
    one = fit_linear(x, labels, CLASSES, torch.zeros(WINDOWS, dtype=torch.int64))
    none = fit_linear(x, labels, CLASSES)
    assert one.groups is none.groups is None
    assert torch.equal(one.weight, none.weight)


def test_features_that_are_no_numbers_are_refused():
    x, labels, groups = made(FEW)
    x[3, 2] = torch.nan
    with pytest.raises(TrainingError, match="finite features"):
        fit_linear(x, labels, CLASSES, groups)


def test_problems_larger_than_memory_are_refused_before_allocation():
    with pytest.raises(TrainingError, match="use fewer features or windows"):
        fit_linear(torch.zeros(1, 1).expand(10**6, 10**6), torch.zeros(10**6, dtype=torch.int64), CLASSES)


@METHODS
@pytest.mark.parametrize("grouped", [True, False])
def test_identical_windows_get_the_shares_of_the_classes(spec, grouped):
    """Features of a collapsed codebook: there is no component to fit."""
    labels = torch.tensor([0] * 20 + [1] * 10 + [2] * 5 + [0] * 5)
    groups = torch.arange(40) % 8 if grouped else None
    found = fit_linear(torch.full((40, 6), 9.81), labels, CLASSES, groups, None, spec)
    assert found.weight.abs().max() == 0
    assert found.bias.isfinite().all()
    assert found.bias.argmax() == 0


@METHODS
@pytest.mark.parametrize("grouped", [True, False])
def test_a_class_with_one_window_is_not_predicted_while_that_window_is_held_out(spec, grouped):
    labels = torch.arange(6)
    features = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    found = fit_linear(features, labels, 6, labels // 2 if grouped else None, None, spec)
    assert found.correct == 0
    assert found.weight.isfinite().all()


@METHODS
def test_a_single_window_is_refused(spec):
    with pytest.raises(TrainingError, match=r"two training windows or more.*found 1"):
        fit_linear(torch.ones(1, 4), torch.zeros(1, dtype=torch.int64), CLASSES, None, None, spec)


@pytest.mark.parametrize("sizes", [(20, 20), (10, 10, 20)])
def test_a_discriminant_with_one_remaining_group_holds_out_windows_one_by_one(sizes):
    """With the whole group held out there would be no window to fit, and the matrix would be singular."""
    groups = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    x, labels, _ = made(FEW, strength=2)
    found = fit_linear(x[:40], labels[:40], CLASSES, groups, None, DISCRIMINANT)
    assert found.correct >= 30
    assert found.temperature < 1e3


def test_a_class_of_one_window_leaves_the_probabilities_of_others_sharp():
    """A fold without that window has a single class, whose scores are all equal."""
    labels = torch.tensor([0] * 39 + [1])
    features = torch.randn(40, 6, generator=torch.Generator().manual_seed(0))
    found = fit_linear(features, labels, 2, None, None, DISCRIMINANT)
    chances = (features.double() @ found.weight.T + found.bias).softmax(-1)
    assert chances[:39, 0].mean() > 0.9


def test_a_discriminant_predicts_no_class_without_windows():
    """Even if a window lies far from all classes that have windows."""
    random = torch.Generator().manual_seed(0)
    labels = torch.arange(60) % 3
    scores = F.one_hot(labels, 4).double() + 1e-3 * torch.randn(60, 4, generator=random, dtype=torch.float64)
    turn, shift = discriminant(scores, labels, 4)
    far = torch.cat([3 * torch.randn(500, 4, generator=random, dtype=torch.float64), torch.zeros(1, 4)])
    named = (far @ turn + shift).argmax(-1)
    assert (named < 3).all()
    assert ((scores @ turn + shift).argmax(-1) == labels).all()
