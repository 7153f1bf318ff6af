"""Codebooks of a head: counts by class and position, and shapes of several axes."""

import numpy as np
import pytest
import torch
from zoo_bag import BagSignal
from zoo_registry import Shape

from zoo.codebook.head_books import BookCount
from zoo.codebook.similarity import straightness, warped
from zoo.contracts import Output
from zoo.testing import adapt


@pytest.fixture(scope="module")
def head():
    made = BagSignal(samples=8, scales=(1, 2), codes=(4, 12), level=(4, 3))
    built = made.build(Shape.of("c t", 2, 40), 3).eval()
    adapt(built, Shape.of("c t", 2, 40))
    return built


def test_stretches_are_counted_by_class_and_position(head):
    x = torch.randn(3, 2, 40, generator=torch.Generator().manual_seed(0))
    mask = torch.ones_like(x, dtype=torch.bool)
    mask[0, 1, :20] = False
    labels = torch.tensor([2, 0, 2])
    for uses in head.uses(Output(x=x, mask=mask)):
        count = BookCount(uses.book, 3)
        count.update(uses, labels, 40)
        expected = np.zeros_like(count.classes)
        starts = np.zeros_like(count.starts)
        for window, series, place in np.ndindex(*uses.codes.shape):
            if uses.seen[window, series, place]:
                code = int(uses.codes[window, series, place])
                expected[code, labels[window]] += 1
                starts[code, int(uses.starts[place]) * 100 // 40] += 1
        np.testing.assert_array_equal(count.classes, expected)
        np.testing.assert_array_equal(count.starts, starts)
        assert count.histograms.sum() == expected.sum()
        book = count.found()
        assert book.axes == uses.book.shapes.shape[1]
        assert book.counts.sum() == expected.sum()


def test_unobserved_windows_count_nothing(head):
    uses = next(head.uses(Output(x=torch.randn(1, 2, 40))))
    count = BookCount(uses.book, 2)
    unseen = uses._replace(seen=torch.zeros_like(uses.codes, dtype=torch.bool))
    count.update(unseen, torch.tensor([1]), 40)
    assert count.classes.sum() == 0
    assert len(count.found().codes) == 0


def test_straightness_and_warping_are_measured_per_axis():
    """A ramp up followed by a ramp down is no single line, but two; one axis alone gives the same as before."""
    ramp = np.linspace(-1, 1, 16) / np.linspace(-1, 1, 16).std()
    both = np.concatenate([ramp, -ramp])[None]
    assert straightness(both, axes=2)[0] == pytest.approx(1)
    assert straightness(both)[0] < 0.5
    random = np.random.default_rng(0)
    one, other = random.normal(size=(2, 5, 16))
    twice = [np.concatenate([part, part], 1) for part in (one, other)]
    np.testing.assert_allclose(warped(*twice, axes=2), warped(one, other))
