"""The bag of shapes: independence of units, gaps, correct gradients, one module on two inputs."""

import pytest
import torch
from bags import SMALL, Given, X, filled, head, signals
from pydantic import ValidationError
from torch import Tensor
from zoo_bag import BagRecon, BagSignal
from zoo_bag.layout import Layout
from zoo_bag.votes import code_votes
from zoo_registry import Shape, ShapeError

from zoo.contracts import Output
from zoo.testing import check_component

ALL = {"axis", "joint", "level"}


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


def test_votes_are_a_softmax_of_the_nearest_codes():
    shapes, codes = signals(2, 1, Shape.of("c t", 3, 40)).unflatten(-1, (5, 8)), signals(1, 2, Shape.of("c t", 9, 8))[0]
    shapes.requires_grad_()
    votes = code_votes(shapes, codes, 4, 30.0, None)
    distances = (shapes.unsqueeze(-2) - codes).square().sum(-1).gather(-1, votes.cells)
    expected = (-distances / (30.0 * 8)).softmax(-1)
    torch.testing.assert_close(votes.weight, expected)
    weigh = torch.arange(4.0, dtype=torch.float64)
    found, reference = (torch.autograd.grad((weight * weigh).sum(), shapes)[0] for weight in (votes.weight, expected))
    torch.testing.assert_close(found, reference)


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
