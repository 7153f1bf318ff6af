"""Scores of spectra, classes and shapes of reconstructions against scipy, scikit-learn and counting one by one."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import periodogram
from sklearn.metrics import mean_squared_error

from zoo.evaluation.class_reconstruction import ClassReconstructions
from zoo.evaluation.reconstruction import Reconstruction
from zoo.evaluation.shape_fit import EDGES, ShapeFit, Stretches, buckets, by_length


def signals(seed: int, length: int = 24, windows: int = 9) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x = 2 * torch.randn(windows, 2, length, generator=generator) + 5
    rebuilt = 0.7 * x + 0.4 * torch.randn(windows, 2, length, generator=generator)
    return x, rebuilt, torch.rand(windows, 2, length, generator=generator) > 0.3


@settings(max_examples=25, deadline=None)
@given(st.integers(4, 41), st.integers(0, 2**31))
def test_the_spectral_distance_equals_that_of_scipys_periodograms(length, seed):
    x, rebuilt, _ = signals(seed, length)
    scores = Reconstruction(2, tokens=3)
    for part in (slice(0, 2), slice(2, 9)):
        scores.update(x[part], rebuilt[part])
    for c, score in enumerate(scores.report()[:2]):
        true, made = (periodogram(v[:, c].double().numpy(), detrend="constant")[1][:, 1:] for v in (x, rebuilt))
        assert score.spectral == pytest.approx(np.abs(true - made).sum() / true.sum())


def test_the_spectral_distance_ignores_phase_and_is_1_for_a_flat_line():
    time = torch.arange(40) / 40
    x = torch.sin(2 * torch.pi * 3 * time).expand(1, 1, 40)
    turned, flat = Reconstruction(1, 1), Reconstruction(1, 1)
    turned.update(x, x.roll(5, -1))
    flat.update(x, torch.full_like(x, 7.0))
    assert turned.report()[0].spectral == pytest.approx(0, abs=1e-6)
    assert turned.report()[0].r2 < 0.5
    assert flat.report()[0].spectral == pytest.approx(1)


def test_a_constant_sensor_has_no_r2_and_no_spectrum():
    x = torch.full((3, 1, 500), 9.81)
    scores, classes = Reconstruction(1, 3), ClassReconstructions(("a",), 1)
    scores.update(x, x + 0.1)
    classes.update(x, x + 0.1, torch.zeros(3, dtype=torch.int64))
    assert scores.report()[0].r2 is scores.report()[0].spectral is classes.report()[0].r2 is None
    assert classes.report()[0].mse == pytest.approx(0.01, rel=1e-4)


def test_hidden_samples_never_count():
    x, rebuilt, mask = signals(3)
    target = torch.arange(9) % 3
    lengths = torch.rand(9, 2, 4, generator=torch.Generator().manual_seed(0))
    drawn, true, seen = (v.unflatten(-1, (4, 6)) for v in (rebuilt, x, mask))
    found = []
    for hidden in (0.0, 1e6):
        whole, classes, shapes = Reconstruction(2, 3), ClassReconstructions(("a", "b", "c"), 2), ShapeFit()
        whole.update(torch.where(mask, x, 0), torch.where(mask, rebuilt, hidden), mask)
        classes.update(torch.where(mask, x, hidden), torch.where(mask, rebuilt, -hidden), target, mask)
        made, wanted = torch.where(seen, drawn, hidden), torch.where(seen, true, -hidden)
        shapes.update(Stretches(made, wanted, seen, torch.ones(9, 2, 1)), by_length(lengths))
        found.append([part.model_dump() for part in (*whole.report(), *classes.report(), *shapes.report())])
    assert found[0] == found[1]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31))
def test_scores_of_a_class_use_only_its_windows(seed):
    x, rebuilt, _ = signals(seed)
    target = torch.from_numpy(np.random.default_rng(seed).integers(0, 2, 9))
    classes = ClassReconstructions(("a", "b", "never"), 2)
    for part in (slice(0, 4), slice(4, 9)):
        classes.update(x[part], rebuilt[part], target[part])
    *seen, never = classes.report()
    assert (never.windows, never.mse, never.r2, never.channels) == (0, None, None, [])
    for k, found in enumerate(seen):
        raw, made = x[target == k].double().numpy(), rebuilt[target == k].double().numpy()
        assert found.windows == len(raw)
        if len(raw):
            assert found.mse == pytest.approx(mean_squared_error(raw.ravel(), made.ravel()))
            spread = ((raw - raw.mean(-1, keepdims=True)) ** 2).sum((0, 2))
            errors = ((raw - made) ** 2).sum((0, 2))
            assert found.r2 == pytest.approx(1 - errors.sum() / spread.sum())
            assert [channel.r2 for channel in found.channels] == pytest.approx(list(1 - errors / spread))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31))
def test_shapes_are_scored_in_the_bucket_of_their_length(seed):
    rng = np.random.default_rng(seed)
    length = rng.choice([0.0, 0.03, 0.05, 0.0501, 0.2, 0.5, 0.7, 1.0], size=(6, 2, 3))
    true, drawn = rng.normal(size=(2, 6, 2, 3, 8)) + 4
    mask = rng.random((6, 2, 3)) > 0.2  # whole tokens of padding
    fit = ShapeFit()
    for rows in np.array_split(np.arange(6), 2):
        made, wanted, long = (torch.from_numpy(part[rows]) for part in (drawn, true, length))
        seen = torch.from_numpy(np.repeat(mask[rows, ..., None], 8, -1))
        fit.update(Stretches(made, wanted, seen, torch.ones(len(rows), 2, 1)), by_length(long))
    for above, found in zip((-1.0, *EDGES), buckets(fit.report()), strict=False):
        inside = (length > above) & (length <= found.upto) & mask
        assert found.tokens == inside.sum()
        if found.tokens:
            error = ((true - drawn)[inside] ** 2).sum()
            spread = ((true - true.mean(-1, keepdims=True))[inside] ** 2).sum()
            assert found.mse == pytest.approx(error / (8 * inside.sum()))
            assert found.r2 == pytest.approx(1 - error / spread)
        else:
            assert found.mse is found.r2 is None
