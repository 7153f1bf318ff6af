"""The fit of drawn shapes against scipy's correlation, token by token; stretches without a shape; invariances."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr

from zoo.evaluation.shape_fit import FLAT, ShapeFit, Stretches

SHAPE = (5, 2, 3, 16)
"""Windows, channels, tokens, samples."""


def tokens(seed: int) -> Stretches:
    """Shapes that fit their stretches approximately; some samples are not observed."""
    generator = torch.Generator().manual_seed(seed)
    true = 2 * torch.randn(SHAPE, generator=generator) + 3
    drawn = 0.5 * true + torch.randn(SHAPE, generator=generator)
    return Stretches(drawn, true, torch.rand(SHAPE, generator=generator) > 0.2, torch.full((5, 2, 1), 2.0))


def fit(found: Stretches, groups: int = 1, group: torch.Tensor | None = None):
    scores = ShapeFit(groups)
    scores.update(found, torch.zeros(SHAPE[:3], dtype=torch.int64) if group is None else group)
    return scores.report()


def changed(found: Stretches, **parts: torch.Tensor) -> Stretches:
    return found._replace(**parts)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**31))
def test_the_fit_of_every_group_is_the_mean_of_scipys_correlations(seed):
    found = tokens(seed)
    group = torch.from_numpy(np.random.default_rng(seed).integers(0, 3, SHAPE[:3]))
    pairs = [(d[o], t[o]) for d, t, o in zip(*(part.flatten(0, 2) for part in found[:3]), strict=True)]
    wanted = np.array([pearsonr(drawn.double(), true.double())[0] for drawn, true in pairs])
    heights = np.array([[part.double().std(correction=0) for part in pair] for pair in pairs])
    shaped = (found.observed.double().mean(-1) >= 0.5).flatten().numpy()
    *each, whole = fit(found, 3, group)
    for number, score in enumerate(each):
        here = (group == number).flatten().numpy()
        assert (score.tokens, score.shaped) == (here.sum(), (here & shaped).sum())
        if score.shaped:
            assert score.correlation == pytest.approx(wanted[here & shaped].mean())
            assert score.scale == pytest.approx(heights[here, 0].sum() / heights[here, 1].sum())
    assert whole.correlation == pytest.approx(wanted[shaped].mean())
    errors = sum(float((drawn.double() - true.double()).square().sum()) for drawn, true in pairs)
    spread = sum(float((true.double() - true.double().mean()).square().sum()) for _, true in pairs)
    assert whole.r2 == pytest.approx(1 - errors / spread)
    assert whole.room == pytest.approx(spread / (4 * int(found.observed.sum())))


def test_units_and_offsets_change_no_fit():
    found = tokens(0)
    other = Stretches(9.81 * found.drawn + 50, 9.81 * found.true + 50, found.observed, 9.81 * found.deviation)
    one, same = fit(found)[-1], fit(other)[-1]
    for name in ("correlation", "r2", "scale", "room"):
        assert getattr(one, name) == pytest.approx(getattr(same, name), abs=1e-5)
    assert same.mse == pytest.approx(9.81**2 * one.mse, rel=1e-4)


def test_the_height_of_a_drawn_shape_changes_no_correlation():
    found = tokens(1)
    mean = found.true.mean(-1, keepdim=True)
    low = fit(changed(found, drawn=mean + 0.01 * (found.true - mean)))[-1]
    assert low.correlation == pytest.approx(1)
    assert low.scale == pytest.approx(0.01, rel=1e-4)
    assert low.r2 < 0.03


def test_a_flat_stretch_is_left_out_and_a_flat_shape_fits_nothing():
    found = changed(tokens(2), observed=torch.ones(SHAPE, dtype=torch.bool))
    whole = fit(found)[-1]
    rest = found.true.clone()
    rest[0] = 7 + 0.9 * FLAT * 2 * (rest[0] - rest[0].mean(-1, keepdim=True)) / rest[0].std(-1, correction=0)[..., None]
    left = fit(changed(found, true=rest))[-1]
    others = fit(Stretches(*(part[1:] for part in found)), 1, torch.zeros(4, 2, 3, dtype=torch.int64))[-1]
    assert (left.tokens, left.shaped) == (30, 24)
    assert left.correlation == pytest.approx(others.correlation)
    drawn = found.drawn.clone()
    drawn[0] = 5.0
    flat = fit(changed(found, drawn=drawn))[-1]
    assert flat.shaped == whole.shaped == 30
    assert flat.correlation == pytest.approx(others.correlation * 24 / 30)


def test_a_stretch_with_few_observed_samples_has_no_shape():
    observed = torch.zeros(SHAPE, dtype=torch.bool)
    observed[..., :2] = True  # two samples always correlate by 1
    observed[0] = True
    score = fit(changed(tokens(3), observed=observed))[-1]
    assert (score.tokens, score.shaped) == (30, 6)


def test_a_constant_sensor_has_no_fit():
    still = torch.full(SHAPE, 9.81)
    score = fit(Stretches(still + 0.1 * torch.randn(SHAPE), still, None, torch.zeros(5, 2, 1)))[-1]
    assert (score.tokens, score.shaped) == (30, 0)
    assert score.correlation is score.r2 is score.scale is score.room is None
