"""The bag of shapes: independence of units, gaps, correct gradients, one module on two inputs."""

import copy

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor
from zoo_bag import BagRecon, BagSignal
from zoo_bag.heads import BagHead
from zoo_bag.layout import Layout
from zoo_registry import BundleError, Shape, ShapeError

from zoo.contracts import Output, Standardize, TrainingWindows
from zoo.testing import NormalWindows, adapt, check_component

SMALL = {"samples": 8, "nearest": 4, "floor": 0.1, "scales": (1, 2, 4), "places": 20, "codes": (4, 12), "level": (5, 3)}
X = Shape.of("c t", 2, 60)
ALL = {"axis", "joint", "level"}


class Given:
    """Training windows `(b c t)`, all observed."""

    def __init__(self, x: Tensor) -> None:
        self.x = x
        self.mean, self.std = x.mean((0, 2)), x.std((0, 2), correction=0)

    def some(self, most: int) -> tuple[Tensor, Tensor | None]:
        return self.x[:most], None


def signals(windows: int = 6, seed: int = 0, x: Shape = X) -> Tensor:
    """Walks, as float64."""
    random = torch.Generator().manual_seed(seed)
    return torch.randn(windows, *x.sizes, generator=random, dtype=torch.float64).cumsum(-1)


def filled(spec: BagSignal | BagRecon, windows: TrainingWindows, x: Shape = X) -> BagHead:
    torch.manual_seed(0)
    return adapt_to(spec.build(x, 3).double().eval(), windows)


def adapt_to(head: BagHead, windows: TrainingWindows) -> BagHead:
    for part in (head.bag.standardize, head.bag):
        part.adapt(windows)
    return head


def head(spec: BagSignal | BagRecon | None = None, x: Shape = X) -> BagHead:
    return filled(spec or BagSignal(**SMALL), Given(signals(12, 5, x)), x)


@pytest.mark.parametrize(
    "fields", [SMALL, {"joint": False, "nearest": 1, "level": (0, 8)}, {"codes": (700,)}, {**SMALL, "shared": True}]
)
@pytest.mark.parametrize("x", [Shape.of("c t", 1, 90), Shape.of("c t", 3, 45)], ids=str)
def test_small_bags_keep_the_contract(fields, x):
    for spec in (BagSignal(**fields), BagRecon(**fields)):
        check_component(spec, x)


@pytest.mark.parametrize(
    ("x", "scales", "samples", "kinds"),
    [((3, 500), (1, 2, 4, 8, 16), 16, ALL), ((6, 100), (1, 2, 4), 16, ALL), ((4, 65), (1, 2, 4), 16, ALL),
     ((2, 45), (1, 2), 16, ALL), ((1, 10), (1,), 10, {"axis", "level"})],
)  # fmt: skip
def test_scales_that_are_too_long_are_omitted(x, scales, samples, kinds):
    layout = BagSignal().layout(Shape.of("c t", *x))
    assert (layout.scales, layout.samples) == (scales, samples)
    assert {block.kind for block in layout.blocks} == kinds
    assert all(layout.places(scale) >= 1 for scale in layout.scales)


@pytest.mark.parametrize("scale", [1, 2, 3, 7])
@pytest.mark.parametrize("length", [21, 40, 60])
def test_the_layout_counts_the_existing_stretches(scale, length):
    spec = BagSignal(samples=4, scales=(scale,), places=13, codes=(2,))
    found = head(spec, Shape.of("c t", 2, length))
    x = signals(1, x=Shape.of("c t", 2, length))
    layout = found.bag.layout
    for counted in found.bag.count(x):
        assert counted.votes.weight.shape[2] == layout.places(scale)
    assert (layout.places(scale) - 1) * layout.step + layout.samples * scale <= length


@pytest.mark.parametrize("fields", [{"level": (1, 8)}, {"codes": ()}, {"scales": (0,)}, {"temperature": 0}])
def test_fields_have_bounds(fields):
    with pytest.raises(ValidationError):
        BagSignal(**fields)


@pytest.mark.parametrize(
    ("spec", "x"),
    [(BagSignal(), (3, 3)), (BagSignal(scales=(8,)), (3, 20)), (BagSignal(codes=(4096, 4095)), (4000, 500))],
)
def test_impossible_sizes_are_refused_in_integers(spec, x):
    with pytest.raises(ShapeError, match=r"^head: "):
        spec.check(Shape.of("c t", *x))


def test_features_equal_the_formula():
    """One block of each kind, stretch by stretch, in plain loops."""
    spec = BagSignal(samples=6, scales=(2,), places=10, codes=(5,), level=(4, 3), nearest=4, floor=0.1)
    made, x = head(spec), signals(3)
    bag, step = made.bag, 6
    mean, std = bag.standardize.mean, bag.standardize.std
    found = made.features(Output(x=x))
    rows = []
    for window in (x - mean[:, None]) / std[:, None]:
        places = range(0, 60 - 12 + 1, step)
        cut = torch.stack([window[:, p : p + 12].reshape(2, 6, 2).mean(-1) for p in places], 1)
        mu, variance = cut.mean(-1), cut.var(-1, correction=0)
        away = cut - mu[..., None]
        axis = [_soft(away[c] / (variance[c] + 0.01).sqrt()[:, None], bag.codes.axis_2_5) for c in (0, 1)]
        both = torch.cat([away[0], away[1]], -1) / (variance.mean(0) + 0.01).sqrt()[:, None]
        level = [_level(mu[c], (variance[c] + 1e-8).sqrt(), bag.mu_2[c], bag.sigma_2[c]) for c in (0, 1)]
        shares = [*axis, _soft(both, bag.codes.joint_2_5), *level]
        rows.append(torch.cat(shares).sqrt())
    spread = bag.spread.repeat_interleave(torch.tensor(made.blocks))
    torch.testing.assert_close(found, (torch.stack(rows) - bag.middle) / spread, rtol=1e-6, atol=1e-6)


def _soft(shapes: Tensor, codes: Tensor) -> Tensor:
    distances = torch.cdist(shapes, codes, compute_mode="donot_use_mm_for_euclid_dist").square()
    near = distances.topk(4, largest=False)
    weight = (-near.values / (0.1 * codes.shape[1])).softmax(-1)
    return torch.zeros_like(distances).scatter(1, near.indices, weight).mean(0)


def _level(mu: Tensor, sigma: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    found = torch.zeros(len(rows), len(columns), dtype=mu.dtype)
    for one, other in zip(mu, sigma, strict=True):
        found += torch.outer(_hat(one, rows), _hat(other, columns)) / len(mu)
    return found.flatten()


def _hat(value: Tensor, knots: Tensor) -> Tensor:
    """Weights of the knots whose weighted mean is ``value``, if it lies between them."""
    found = torch.zeros_like(knots)
    value = value.clamp(knots[0], knots[-1])
    place = int((knots < value).sum().clamp(1, len(knots) - 1))
    share = (value - knots[place - 1]) / (knots[place] - knots[place - 1])
    found[place - 1], found[place] = 1 - share, share
    return found


def test_units_make_no_difference():
    """g or m/s², with an offset: the same bag, if its statistics are learned from the same windows."""
    scale, offset = torch.tensor([9.80665, 0.03], dtype=torch.float64), torch.tensor([2.0, -1.0], dtype=torch.float64)
    train, x = signals(12, 5), signals(4)
    found = []
    for a, b in ((torch.ones(2, dtype=torch.float64), torch.zeros(2, dtype=torch.float64)), (scale, offset)):
        change = lambda x, a=a, b=b: x * a[:, None] + b[:, None]  # noqa: E731
        made = filled(BagSignal(**SMALL), Given(change(train)))
        found.append(made.features(Output(x=change(x))))
    torch.testing.assert_close(*found, rtol=1e-5, atol=1e-5)


def test_flat_stretches_stay_near_zero():
    """Noise of a hundredth of the channel's deviation is not a shape; standardised alone, it would be."""
    made = head()
    quiet = 0.01 * made.bag.standardize.std[:, None] * torch.randn(2, 60, dtype=torch.float64)
    shapes = made.bag._read(made.bag.standardize(quiet[None]), None, 1).axis
    assert shapes.square().mean() < 0.02


def test_chunk_size_changes_nothing(monkeypatch):
    made, x = head(), signals(7)
    mask = torch.rand(x.shape, generator=torch.Generator().manual_seed(1)) > 0.02
    expected = made.features(Output(x=x, mask=mask))
    monkeypatch.setattr("zoo_bag.bag._HELD", 1)
    torch.testing.assert_close(made.features(Output(x=x, mask=mask)), expected)


def test_a_stretch_with_a_gap_is_not_counted():
    """A gap at the end counts as a window that ends before it."""
    spec = BagSignal(samples=8, scales=(1,), places=60, codes=(4,), level=(4, 2))
    made, x = head(spec), signals(2)
    mask = torch.ones_like(x, dtype=torch.bool)
    mask[..., 40:] = False
    for whole, part in zip(made.bag.count(x[..., :40]), made.bag.count(x, mask), strict=True):
        torch.testing.assert_close(part.shares, whole.shares)


def test_joint_stretches_need_every_channel():
    made, x = head(), signals(1)
    mask = torch.ones_like(x, dtype=torch.bool)
    mask[:, 0] = False
    for block, votes, shares in made.bag.count(x, mask):
        assert bool(shares.isfinite().all())
        counted = {"joint": [False], "axis": [False, True], "level": [False, True]}[block.kind]
        assert votes.seen is not None
        assert votes.seen.any(-1).tolist() == [counted]


def test_a_window_without_a_whole_stretch_gives_zeros():
    made, x = head(), signals(2)
    mask = torch.ones_like(x, dtype=torch.bool)
    mask[0, :, ::4] = False
    found = made.features(Output(x=x.requires_grad_(), mask=mask))
    assert found[0].eq(0).all()
    assert found[1].ne(0).any()
    found.sum().backward()
    assert bool(x.grad.isfinite().all())


def test_the_gradient_equals_finite_differences():
    """Away from ties between codes; where the nearest few codes change, a share jumps a little."""
    made, x = head(BagSignal(**{**SMALL, "nearest": 12, "codes": (12,), "level": (0, 0)})), signals(1)
    weigh = torch.randn(made.bag.layout.features, generator=torch.Generator().manual_seed(3), dtype=torch.float64)

    def value(x: Tensor) -> Tensor:
        return (made.features(Output(x=x)) * weigh).sum()

    assert torch.autograd.gradcheck(value, x.requires_grad_(), eps=1e-6, atol=1e-5, rtol=1e-4)


def test_a_step_along_the_gradient_raises_the_class_score():
    """For the whole bag, including levels and jumps."""
    made, x = head(BagRecon(**SMALL)), signals(4).requires_grad_()
    loss = torch.nn.functional.cross_entropy(made(Output(x=signals(1), x_recon=x)), torch.tensor([0, 1, 2, 0]))
    (gradient,) = torch.autograd.grad(loss, x)
    with torch.no_grad():
        step = x - 1e-5 * gradient / gradient.norm()
        after = torch.nn.functional.cross_entropy(made(Output(x=signals(1), x_recon=step)), torch.tensor([0, 1, 2, 0]))
    assert float(loss.detach() - after) / 1e-5 == pytest.approx(float(gradient.norm()), rel=0.1)


def test_one_module_on_two_inputs():
    one, other = head(BagSignal(**SMALL)), BagRecon(**SMALL).build(X, 3).double().eval()
    other.load_state_dict(one.state_dict())
    x = signals(3)
    assert torch.equal(one(Output(x=x)), other(Output(x=torch.zeros_like(x), x_recon=x)))


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


def test_evidence_adds_up_to_the_logits():
    made, x = head(), signals(3)
    mask = torch.ones_like(x, dtype=torch.bool)
    mask[1, :, 30:] = False
    mask[2, 1] = False
    output = Output(x=x, mask=mask)
    logits = made(output)
    for k in range(3):
        total = made.classify.bias[k].expand(3).clone()
        for one in made.evidence(output, made.classify.weight[k]):
            usual = torch.where(one.seen.any(-1), one.usual.sum(-1), 0)
            total += one.said.sum((1, 2, 3)) - usual.sum(1)
        torch.testing.assert_close(total, logits[:, k])


def test_codebooks_and_their_usage():
    made, x = head(), signals(2)
    books, uses = made.books(), list(made.uses(Output(x=x)))
    assert len({book.name for book in books}) == len(books) == len(uses) == 2 * 2 * 3
    for book, use in zip(books, uses, strict=True):
        assert book.name == use.book.name
        assert int(use.codes.max()) < len(book.shapes)
        assert book.shapes.shape[1:] in ((1, 8), (2, 8))
        assert int(use.starts[-1]) + book.scale * 8 <= 60


def test_a_layout_does_not_depend_on_the_order_of_its_fields():
    fields = (2, 60, 8, (4, 1, 2, 2), 20, (12, 4), True, (5, 3), False)
    assert Layout.of(*fields) == BagSignal(**SMALL).layout(X)


@pytest.mark.slow
def test_the_compiled_and_the_exported_bag_give_the_same():
    """As one graph, for any number of windows."""
    made = head().float()
    x, mask = signals(4).float(), torch.rand(4, 2, 60, generator=torch.Generator().manual_seed(2)) > 0.05
    compiled = torch.compile(lambda x, mask: made(Output(x=x, mask=mask)), backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(x, mask), made(Output(x=x, mask=mask)))

    class Whole(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head = made

        def forward(self, x: Tensor, mask: Tensor) -> Tensor:
            logits: Tensor = self.head(Output(x=x, mask=mask))
            return logits

    batch = {0: torch.export.Dim("batch")}
    program = torch.export.export(Whole(), (x, mask), dynamic_shapes=(batch, batch)).module()
    other = signals(9, 8).float()
    seen = torch.ones_like(other, dtype=torch.bool)
    torch.testing.assert_close(program(other, seen), made(Output(x=other)))
