"""The convolutional encoder and decoder: sizes in integers, any length, and masks."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from torch import Tensor
from zoo_conv import ConvDecoder, ConvEncoder
from zoo_registry import Shape

from zoo.contracts import Tokens


def encoder(spec: ConvEncoder, length: int = 40, channels: int = 2) -> torch.nn.Module:
    torch.manual_seed(0)
    return spec.build(Shape.of("c t", channels, length))


def series(length: int = 40, seed: int = 1) -> Tensor:
    return torch.randn(3, 2, length, generator=torch.Generator().manual_seed(seed))


@settings(deadline=None, max_examples=40)
@given(
    length=st.integers(2, 90),
    channels=st.integers(1, 3),
    layers=st.integers(1, 4),
    stride=st.integers(2, 5),
    kernel=st.sampled_from([1, 3, 7]),
)
def test_tokens_for_any_length(length: int, channels: int, layers: int, stride: int, kernel: int) -> None:
    spec, x = ConvEncoder(dim=8, layers=layers, stride=stride, kernel=kernel), Shape.of("c t", channels, length)
    promised = spec.output(x)
    assert promised["n"] == math.ceil(length / stride**layers)
    for mask in (None, torch.rand(2, channels, length) > 0.5):
        tokens = spec.build(x)(torch.randn(2, channels, length), mask)
        assert tokens.values.shape == (2, *promised.sizes)
        assert bool(tokens.values.isfinite().all())
        assert (tokens.mask is None) == (mask is None)


@settings(deadline=None, max_examples=40)
@given(
    n=st.integers(1, 70),
    t=st.integers(2, 130),
    c=st.integers(1, 3),
    d=st.integers(1, 9),
    layers=st.integers(1, 4),
    kernel=st.sampled_from([1, 5]),
)
def test_decoder_maps_any_tokens_to_any_length(n: int, t: int, c: int, d: int, layers: int, kernel: int) -> None:
    spec = ConvDecoder(dim=8, layers=layers, kernel=kernel)
    tokens, folded = Shape.of("c n d", c, n, d), Shape.of("c t", c, t)
    decoded = spec.build(tokens, folded)(Tokens(torch.randn(2, c, n, d)))
    assert spec.output(tokens, folded) == folded
    assert decoded.series.shape == (2, c, t)
    assert decoded.shapes is None


@pytest.mark.parametrize("stride", [2, 3])
def test_token_is_real_where_its_window_has_an_observed_sample(stride: int) -> None:
    spec = ConvEncoder(dim=8, layers=2, stride=stride)
    mask = torch.rand(3, 2, 40, generator=torch.Generator().manual_seed(0)) > 0.85
    tokens = encoder(spec)(series(), mask)
    window = stride**2
    for token in range(tokens.values.shape[2]):
        expected = mask[..., token * window : (token + 1) * window].any(-1)
        assert torch.equal(tokens.mask[..., token], expected)
    assert not bool(tokens.mask.all())
    assert not bool(tokens.values[~tokens.mask].any())


def test_unobserved_samples_do_not_matter() -> None:
    model, mask = encoder(ConvEncoder(dim=8)), torch.rand(3, 2, 40) > 0.4
    dirty = torch.where(mask, series(), 1e6)
    assert torch.equal(model(series(), mask).values, model(dirty, mask).values)


def test_no_mask_equals_a_full_mask() -> None:
    for length in (37, 40):
        model, full = encoder(ConvEncoder(dim=8)), torch.ones(3, 2, length, dtype=torch.bool)
        with_mask = model(series(length), full)
        assert torch.equal(model(series(length)).values, with_mask.values)
        assert bool(with_mask.mask.all())


@pytest.mark.parametrize("kept", [5, 16, 23, 39])
def test_padding_at_the_end_gives_the_tokens_of_the_shorter_series(kept: int) -> None:
    spec = ConvEncoder(dim=8, layers=2, kernel=5)
    model, mask = encoder(spec).eval(), (torch.arange(40) < kept).expand(3, 2, 40)
    padded, short = model(series(), mask), model(series()[..., :kept])
    tokens = short.values.shape[2]
    torch.testing.assert_close(padded.values[:, :, :tokens], short.values)
    assert padded.mask.sum(-1).unique().tolist() == [tokens]


def test_channels_do_not_see_each_other() -> None:
    model, other = encoder(ConvEncoder(dim=8)), series()
    other[:, 1] = 0
    assert torch.equal(model(series()).values[:, 0], model(other).values[:, 0])


def test_padded_tokens_do_not_reach_the_decoder() -> None:
    torch.manual_seed(0)
    model = ConvDecoder(dim=8).build(Shape.of("c n d", 2, 6, 4), Shape.of("c t", 2, 40))
    values, mask = torch.randn(3, 2, 6, 4), torch.rand(3, 2, 6) > 0.4
    dirty = torch.where(mask[..., None], values, 1e6)
    assert torch.equal(model(Tokens(values, mask)).series, model(Tokens(dirty, mask)).series)
    full = torch.ones_like(mask)
    assert torch.equal(model(Tokens(values)).series, model(Tokens(values, full)).series)


def test_pair_learns_to_rebuild() -> None:
    torch.manual_seed(0)
    x = torch.sin(torch.arange(40) * torch.tensor([0.2, 0.4, 0.7])[:, None])[:, None]
    shape = Shape.of("c t", 1, 40)
    spec = ConvEncoder(dim=16)
    front, back = spec.build(shape), ConvDecoder(dim=16).build(spec.output(shape), shape)
    optimizer = torch.optim.Adam([*front.parameters(), *back.parameters()], 3e-3)
    for _ in range(150):
        loss = (back(front(x)).series - x).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.05 * x.var().item()


@pytest.mark.slow
def test_pair_compiles_and_exports_without_graph_breaks() -> None:
    shape = Shape.of("c t", 2, 37)
    spec = ConvEncoder(dim=8)
    front, back = spec.build(shape).eval(), ConvDecoder(dim=8).build(spec.output(shape), shape).eval()

    def both(x: Tensor, mask: Tensor) -> Tensor:
        return back(front(x, mask)).series

    x, mask = series(37), torch.rand(3, 2, 37) > 0.3
    assert torch._dynamo.explain(both)(x, mask).graph_break_count == 0
    exported = torch.export.export(front, (x, mask)).module()
    torch.testing.assert_close(exported(x, mask).values, front(x, mask).values)


def test_specs_refuse_even_kernels() -> None:
    for spec in (ConvEncoder, ConvDecoder):
        with pytest.raises(ValidationError, match="an odd number"):
            spec(kernel=4)
