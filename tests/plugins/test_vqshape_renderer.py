"""The renderer: equal to a plain sum of shapes, exact where shapes are exact, and independent of everything else."""

from math import ceil, floor, pi, sin

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from zoo_registry import Shape, ShapeError
from zoo_vqshape import VQShapeEncoderSpec, VQShapeRendererSpec
from zoo_vqshape.attributes import stretch_attributes
from zoo_vqshape.renderer import overlap_add

import zoo
from zoo.contracts import Tokens, read_stretches


def plain(shapes: Tensor, tokens: Tokens, length: int) -> Tensor:
    """Sample by sample and token by token, in plain Python."""
    t, share, mu, _ = tokens.attributes.values()
    drawn = torch.zeros(*shapes.shape[:2], length, dtype=torch.float64)
    for b, c in torch.cartesian_prod(torch.arange(shapes.shape[0]), torch.arange(shapes.shape[1])).tolist():
        real = [n for n in range(shapes.shape[2]) if tokens.mask is None or tokens.mask[b, c, n]]
        above, below = [0.0] * length, [0.0] * length
        for n in real:
            begin = float(t[b, c, n].float() * (length - 1))
            end = float((t[b, c, n] + share[b, c, n]).float().clamp(max=1) * (length - 1))
            for i in range(ceil(begin - 1e-3), floor(end + 1e-3) + 1):
                u = min(max((i - begin) / (end - begin), 0), 1)
                at = u * (shapes.shape[-1] - 1)
                left = min(int(at), shapes.shape[-2] and shapes.shape[-1] - 2)
                one, other = float(shapes[b, c, n, left]), float(shapes[b, c, n, left + 1])
                weight = sin(pi * u) ** 2 + 1e-3
                above[i] += weight * (one + (at - left) * (other - one))
                below[i] += weight
        level = float(mu[b, c, real].mean()) if real else 0.0
        drawn[b, c] = torch.tensor([up / down if down else level for up, down in zip(above, below, strict=True)])
    return drawn


def tokens_of(t: Tensor, share: Tensor, spans=None, mask=None) -> Tokens:
    mu, sigma = torch.randn(t.shape).double(), torch.rand(t.shape).double() + 0.1
    return Tokens(torch.randn(*t.shape, 3).double(), mask, stretch_attributes(t, share, mu, sigma), spans)


@given(length=st.integers(2, 50), count=st.integers(1, 5), samples=st.integers(2, 9), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_overlap_add_equals_the_plain_sum_wherever_tokens_lie(length, count, samples, seed):
    torch.manual_seed(seed)
    t = torch.rand(2, 2, count).double() * 0.9
    tokens = tokens_of(t, torch.rand(2, 2, count).double() * 0.5 + 0.1, mask=torch.rand(2, 2, count) > 0.3)
    shapes = torch.randn(2, 2, count, samples).double()
    torch.testing.assert_close(overlap_add(shapes, tokens, length), plain(shapes, tokens, length), atol=2e-4, rtol=1e-4)


@pytest.mark.parametrize(("length", "count"), [(100_000, 20), (100_000, 1000)])
def test_every_sample_of_a_long_series_has_a_token(length, count):
    """Although float32 positions in it are accurate to only about a thousandth of a sample."""
    encoder = VQShapeEncoderSpec(tokens=count, overlap=1, samples=4).build(Shape.of("c t", 1, length))
    with torch.no_grad():
        tokens = encoder(torch.zeros(1, 1, length))
    drawn = overlap_add(torch.ones(1, 1, count, 4), tokens, length)
    torch.testing.assert_close(drawn, torch.ones_like(drawn))


@pytest.mark.parametrize("scales", [(1,), (1, 4)])
@pytest.mark.parametrize("length", [500, 97])
def test_a_grid_equals_the_same_positions_without_known_spans(length, scales):
    torch.manual_seed(0)
    encoder = VQShapeEncoderSpec(tokens=20, scales=scales).build(Shape.of("c t", 2, length))
    tokens = encoder(torch.randn(3, 2, length).cumsum(-1))
    shapes = torch.randn(*tokens.values.shape[:3], 7)
    found = overlap_add(shapes, tokens, length)
    torch.testing.assert_close(found, overlap_add(shapes, tokens._replace(spans=None), length))
    torch.testing.assert_close(found.double(), plain(shapes, tokens, length), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("length", [500, 100, 97, 31])
def test_shapes_that_equal_the_stretches_give_the_exact_series(length):
    torch.manual_seed(0)
    x = torch.randn(2, 3, length).cumsum(-1)
    tokens = VQShapeEncoderSpec(tokens=10).build(Shape.of("c t", 3, length))(x)
    stretches, _ = read_stretches(x, tokens.attributes["t"], tokens.attributes["l"], tokens.spans[0])
    torch.testing.assert_close(overlap_add(stretches, tokens, length), x, atol=1e-3, rtol=1e-4)


def test_without_a_token_the_value_is_the_level_of_the_series():
    t, share = torch.full((1, 1, 2), 0.0).double(), torch.full((1, 1, 2), 0.25).double()
    tokens = tokens_of(t, share, mask=torch.tensor([[[True, False]]]))
    series = overlap_add(torch.ones(1, 1, 2, 4).double(), tokens, 41)
    torch.testing.assert_close(series[0, 0, :11], torch.ones(11).double(), atol=1e-5, rtol=0)
    torch.testing.assert_close(series[0, 0, 11:], tokens.attributes["mu"][0, 0, 0].expand(30))


def test_gradients_reach_shapes_levels_and_learned_positions():
    torch.manual_seed(0)
    t = (torch.rand(1, 1, 3).double() * 0.5).requires_grad_()
    share = (torch.rand(1, 1, 3).double() * 0.3 + 0.2).requires_grad_()
    shapes = torch.randn(1, 1, 3, 6).double().requires_grad_()
    series = overlap_add(shapes, tokens_of(t, share), 40)
    series.square().sum().backward()
    assert all(part.grad is not None and part.grad.abs().sum() > 0 for part in (shapes, t, share))


def model(**decoder) -> zoo.ZooModel:
    torch.manual_seed(0)
    spec = {
        "input": {"channels": 2, "length": 60},
        "encoder": {"kind": "vqshape.encoder", "tokens": 6, "samples": 16, "readout": "identity"},
        "quantizer": {"kind": "vqshape.codebook", "codes": 8},
        "decoder": {"kind": "vqshape.renderer", "shape_samples": 16, **decoder},
    }
    return zoo.build(spec)


@pytest.mark.parametrize("shape", ["mlp", "conv", "code"])
def test_shapes_have_mean_0_and_deviation_1_before_their_level(shape):
    found = model(shape=shape)
    drawn = found.decoder.shapes(torch.randn(5, 16))
    torch.testing.assert_close(drawn.mean(-1), torch.zeros(5), atol=1e-5, rtol=0)
    torch.testing.assert_close(drawn.std(-1), torch.ones(5), atol=1e-4, rtol=0)


@pytest.mark.parametrize("shape", ["mlp", "conv", "code"])
def test_without_sigma_codes_do_not_matter(shape):
    found = model(shape=shape)
    values, others = torch.randn(2, 1, 1, 6, 16)
    zero = torch.zeros(1, 1, 6)
    t = torch.arange(6)[None, None] / 8
    still = stretch_attributes(t, zero + 0.25, zero + 2, zero)
    one, other = (found.decoder(Tokens(part, None, still)).series for part in (values, others))
    assert torch.equal(one, other)
    moving = still | {"sigma": zero + 1}
    one, other = (found.decoder(Tokens(part, None, moving)).series for part in (values, others))
    assert not torch.equal(one, other)


def test_errors_relative_to_the_variance_do_not_depend_on_units():
    torch.manual_seed(0)
    x = torch.randn(4, 2, 60).cumsum(-1)
    for compare in ("scaled", "normalised"):
        spec = model(compare=compare).spec.dump()
        losses = []
        for errors, factor in (("relative", 1), ("relative", 9.81), ("units", 1), ("units", 9.81)):
            torch.manual_seed(0)
            losses.append(zoo.build(spec | {"errors": errors})(factor * x + 3).losses)
        relative, again, units, more = losses
        torch.testing.assert_close(relative["x"], again["x"], rtol=1e-3, atol=0)
        torch.testing.assert_close(relative["s"], again["s"], rtol=1e-3, atol=0)
        torch.testing.assert_close(9.81**2 * units["x"], more["x"], rtol=1e-3, atol=0)


def test_normalised_shapes_are_compared_without_their_levels():
    found = model(compare="normalised")
    output = found(torch.randn(3, 2, 60).cumsum(-1))
    given = output.tokens.attributes
    louder = {**given, "sigma": 3 * given["sigma"], "mu": given["mu"] + 1}
    tokens = output.coded._replace(attributes=louder)
    series = torch.randn(3, 2, 60).cumsum(-1)
    one, other = (found.decoder.losses(found.decoder(t), t, series)["s"] for t in (output.coded, tokens))
    torch.testing.assert_close(one, other, rtol=0.02, atol=0)


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"shape": "code", "shape_samples": 12}, "decoder.shape_samples"),
        ({"shape": "conv", "shape_samples": 40}, "decoder.shape_samples"),
        ({"shape": "conv", "smooth": 4}, "decoder.smooth"),
    ],
)
def test_samples_that_cannot_be_drawn_are_refused(fields, where):
    with pytest.raises(ShapeError) as refused:
        VQShapeRendererSpec(**fields).output(Shape.of("c n d", 2, 6, 16), Shape.of("c t", 2, 60))
    assert refused.value.where == where
