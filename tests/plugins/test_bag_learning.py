"""What a bag of shapes learns before training: codebooks, unless they are given, knots, and scales of its features."""

import copy

import pytest
import torch
from bags import SMALL, Given, X, adapt_to, filled, head, signals
from torch import Tensor
from zoo_bag import BagSignal
from zoo_registry import BundleError, Shape

from zoo.contracts import Output, Standardize
from zoo.testing import NormalWindows, adapt


def test_refuses_to_judge_before_codebooks_are_learned():
    made = BagSignal(**SMALL).build(X, 3).double()
    made.bag.standardize.fill(torch.zeros(2), torch.ones(2))
    with pytest.raises(BundleError, match=r"^head: expected codebooks and quantiles of its training data, found none"):
        made(Output(x=signals(1)))


def test_components_are_filled_before_those_that_contain_them():
    made = BagSignal(**SMALL).build(X, 3)
    adapt(made, X)
    assert bool(made.bag.filled)
    assert bool(made.bag.standardize.filled)
    again = copy.deepcopy(made)
    again.bag.adapt(NormalWindows(X))
    assert isinstance(again.bag.standardize, Standardize)


def test_learning_uses_the_default_generator():
    made = [filled(BagSignal(**SMALL), Given(signals(12, 5))) for _ in range(2)]
    for name, tensor in made[0].bag.state_dict().items():
        assert torch.equal(tensor, made[1].bag.state_dict()[name]), name


def test_shared_codebooks_of_one_axis_fit_every_input():
    spec = BagSignal(**SMALL, joint=False, shared=True)
    sizes = {
        tuple((name, book.shape) for name, book in spec.build(Shape.of("c t", *x), 2).bag.codes.named_buffers())
        for x in ((1, 9), (3, 60), (6, 900))
    }
    assert sizes == {(("axis_4", (4, 8)), ("axis_12", (12, 8)))}


def test_a_shared_codebook_is_learned_from_all_scales():
    """Slow waves are straight at scale 1, and bent at scale 8."""
    x = torch.sin(torch.arange(160, dtype=torch.float64) / 10 + torch.arange(24)[:, None, None])
    fields = {"samples": 8, "codes": (6,), "level": (0, 0), "joint": False}
    bend = {}
    for scales in ((1,), (8,), (1, 8)):
        made = filled(BagSignal(**fields, scales=scales, shared=True), Given(x), Shape.of("c t", 1, 160))
        codes = made.bag.codes.axis_6
        bend[scales] = codes.diff(n=2).square().mean(1).sort().values
    assert bend[1,].max() < bend[8,].min()
    assert bend[1, 8][0] < bend[8,].min()
    assert bend[1, 8][-1] > bend[1,].max()


def test_given_codebooks_are_kept_and_the_rest_is_learned():
    spec = BagSignal(**SMALL)
    given, made = head(spec), spec.build(X, 3).double().eval()
    made.bag.codes.load_state_dict(given.bag.codes.state_dict())
    windows = Given(3 + 2 * signals(12, 6))
    adapt_to(made, windows)
    there = filled(spec, windows)
    for name, book in made.bag.codes.named_buffers():
        assert torch.equal(book, given.bag.codes.get_buffer(name))
        assert not torch.equal(book, there.bag.codes.get_buffer(name))
    assert torch.equal(made.bag.standardize.mean, there.bag.standardize.mean)
    places = made.bag.mu_1 - there.bag.mu_1  # quantiles of other random stretches of the same windows
    assert places.abs().max() < 0.2 * there.bag.mu_1.std()
    roots = made.bag._roots(windows.x, None)
    torch.testing.assert_close(made.bag.middle, roots.mean(0))


def test_a_bag_without_its_codebooks_learns_again():
    made = head()
    assert not made.bag.learns
    for book in made.bag.codes.buffers():
        book.zero_()
    assert made.bag.learns


def test_training_windows_with_gaps_contribute_what_was_observed():
    class Gappy(Given):
        def some(self, most: int) -> tuple[Tensor, Tensor | None]:
            mask = torch.ones_like(self.x, dtype=torch.bool)
            mask[::2, 1] = False
            return torch.where(mask, self.x, 0), mask

    made = filled(BagSignal(**SMALL), Gappy(signals(12, 5)))
    assert all(bool(tensor.isfinite().all()) for tensor in made.state_dict().values())
    # Half of the windows of the second channel would be constant, and half of its knots equal.
    assert made.bag.mu_1[1].diff().min() > 0
