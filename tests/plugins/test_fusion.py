"""Fusions: the effect of folding, mixing and unfolding on series, tokens and masks."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from torch import Tensor
from zoo_fusion import Attention, Channelwise, Conv, Flatten, Mean
from zoo_registry import FusionSpec, Shape, ShapeError

from zoo.contracts import Fusion, Tokens

X, TOKENS = Shape.of("c t", 3, 12), Shape.of("c n d", 3, 5, 6)
SPECS = [
    Channelwise(),
    Flatten(),
    Flatten(order="time"),
    Mean(),
    Conv(),
    Conv(channels=2, kernel=5),
    Attention(heads=2, width=4),
]
every = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.kind}-{SPECS.index(spec)}")


def built(spec: FusionSpec) -> Fusion:
    torch.manual_seed(0)
    return spec.build(X, TOKENS)


def signal() -> Tensor:
    return torch.randn(4, 3, 12, generator=torch.Generator().manual_seed(1))


def holes() -> Tensor:
    return torch.rand(4, 3, 12, generator=torch.Generator().manual_seed(2)) > 0.5


@every
@given(channels=st.integers(1, 4), length=st.integers(2, 20))
@settings(deadline=None, max_examples=10)
def test_folds_to_the_promised_shape_and_back(spec: FusionSpec, channels: int, length: int) -> None:
    x = Shape.of("c t", channels, length)
    promised = spec.output(x)
    fusion = spec.build(x, TOKENS.replace(c=promised["c"]))
    series, mask = fusion.fold(torch.randn(2, channels, length), torch.rand(2, channels, length) > 0.3)
    assert series.shape == (2, *promised.sizes)
    assert mask is not None
    assert mask.shape == series.shape
    assert mask.dtype == torch.bool
    assert fusion.unfold(series).shape == (2, channels, length)


@every
def test_unobserved_samples_do_not_matter_where_something_is_observed(spec: FusionSpec) -> None:
    fusion, mask = built(spec), holes()
    clean, observed = fusion.fold(signal(), mask)
    dirty, _ = fusion.fold(torch.where(mask, signal(), 1e6), mask)
    assert torch.equal(clean[observed], dirty[observed])


@every
def test_no_mask_equals_a_full_mask(spec: FusionSpec) -> None:
    fusion = built(spec)
    without, none = fusion.fold(signal(), None)
    with_mask, full = fusion.fold(signal(), torch.ones(4, 3, 12, dtype=torch.bool))
    torch.testing.assert_close(without, with_mask)
    assert none is None
    assert bool(full.all())


@pytest.mark.parametrize("spec", [Channelwise(), Flatten(), Flatten(order="time"), Attention()], ids=str)
def test_unfold_undoes_fold(spec: FusionSpec) -> None:
    fusion = built(spec)
    series, mask = fusion.fold(signal(), holes())
    assert torch.equal(fusion.unfold(series), signal())
    assert torch.equal(fusion.unfold(mask), holes())


def test_flatten_orders() -> None:
    x = torch.arange(6).view(1, 2, 3)
    channel, time = (Flatten(order=order).build(Shape.of("c t", 2, 3), TOKENS) for order in ("channel", "time"))
    assert channel.fold(x, None)[0].tolist() == [[[0, 1, 2, 3, 4, 5]]]
    assert time.fold(x, None)[0].tolist() == [[[0, 3, 1, 4, 2, 5]]]


def test_flatten_refuses_series_of_unknown_length() -> None:
    with pytest.raises(ShapeError, match="1000000 samples in one series at most"):
        Flatten().output(Shape.of("c t", 4096, 1_000_000))


def test_mean_is_over_observed_channels() -> None:
    x = torch.tensor([[[1.0, 2, 7], [3, 9, 7]]])
    mask = torch.tensor([[[True, True, False], [True, False, False]]])
    fusion = Mean().build(Shape.of("c t", 2, 3), TOKENS)
    series, observed = fusion.fold(x, mask)
    assert series.tolist() == [[[2, 2, 0]]]
    assert observed.tolist() == [[[True, True, False]]]
    assert fusion.unfold(series).tolist() == [[[2, 2, 0], [2, 2, 0]]]


def test_conv_mixes_as_a_convolution_and_fills_gaps_with_the_mean_of_the_channel() -> None:
    fusion, mask = built(Conv(channels=2, kernel=3)), holes()
    weight, bias = fusion.state_dict()["mixing.weight"], fusion.state_dict()["mixing.bias"]
    series, observed = fusion.fold(signal(), mask)
    filled = signal()
    for sample in range(4):
        for channel in range(3):
            seen = mask[sample, channel]
            filled[sample, channel, ~seen] = filled[sample, channel, seen].mean()
    padded = torch.nn.functional.pad(filled, (1, 1))
    expected = bias[:, None] + sum(
        torch.einsum("oc,bct->bot", weight[..., lag], padded[..., lag : lag + 12]) for lag in range(3)
    )
    torch.testing.assert_close(series, expected)
    assert torch.equal(observed, mask.any(1, keepdim=True).expand(-1, 2, -1))


def test_conv_refuses_even_kernels() -> None:
    with pytest.raises(ValidationError, match="an odd number"):
        Conv(kernel=2)


def stirred() -> Fusion:
    """Attention after training steps, when its last map is no longer 0."""
    fusion = built(Attention(heads=2, width=4))
    with torch.no_grad():
        for parameter in fusion.parameters():
            parameter.normal_(0, 0.5, generator=torch.Generator().manual_seed(3))
    return fusion


def values() -> Tensor:
    return torch.randn(4, 3, 5, 6, generator=torch.Generator().manual_seed(4))


def test_attention_starts_as_the_identity_and_learns() -> None:
    fusion = built(Attention())
    mixed = fusion.mix(Tokens(values()))
    assert torch.equal(mixed.values, values())
    mixed.values.square().sum().backward()
    assert any(float(parameter.grad.abs().max()) > 0 for parameter in fusion.parameters() if parameter.grad is not None)


def test_attention_mixes_channels_at_one_position_only() -> None:
    fusion, changed = stirred(), values()
    changed[:, 1, 2] *= -1
    moved = (fusion.mix(Tokens(values())).values - fusion.mix(Tokens(changed)).values).abs().amax((0, 3))
    assert bool((moved[:, 2] > 1e-6).all())
    assert not bool(moved[:, [0, 1, 3, 4]].any())


def test_attention_does_not_depend_on_the_order_of_channels() -> None:
    fusion, order = stirred(), [2, 0, 1]
    mixed, turned = fusion.mix(Tokens(values())).values, fusion.mix(Tokens(values()[:, order])).values
    torch.testing.assert_close(mixed[:, order], turned)


def test_attention_reads_no_padded_token() -> None:
    fusion = stirred()
    mask = torch.rand(4, 3, 5, generator=torch.Generator().manual_seed(5)) > 0.5
    mask[0] = False
    dirty = torch.where(mask[..., None], values(), 1e3)
    clean, soiled = fusion.mix(Tokens(values(), mask)), fusion.mix(Tokens(dirty, mask))
    torch.testing.assert_close(clean.values[mask], soiled.values[mask])
    assert bool(soiled.values.isfinite().all())
    assert torch.equal(soiled.mask, mask)
    alone = fusion.mix(Tokens(values()[:, :2])).values
    only_two = torch.tensor([True, True, False])[:, None].expand(4, 3, 5)
    torch.testing.assert_close(fusion.mix(Tokens(values(), only_two)).values[:, :2], alone)


def test_attention_without_a_mask_equals_a_full_one() -> None:
    fusion, full = stirred(), torch.ones(4, 3, 5, dtype=torch.bool)
    torch.testing.assert_close(fusion.mix(Tokens(values())).values, fusion.mix(Tokens(values(), full)).values)


@every
def test_other_fusions_leave_tokens_unchanged(spec: FusionSpec) -> None:
    tokens = Tokens(values(), torch.rand(4, 3, 5) > 0.5)
    assert torch.equal(built(spec).mix(tokens).values, values())


@pytest.mark.slow
@every
def test_fusions_compile_without_graph_breaks(spec: FusionSpec) -> None:
    fusion = built(spec)

    def through(x: Tensor, mask: Tensor, tokens: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
        return fusion.unfold(fusion.fold(x, mask)[0]), fusion.mix(Tokens(tokens, real)).values

    torch._dynamo.reset()
    real = torch.rand(4, 3, 5) > 0.5
    assert not torch._dynamo.explain(through)(signal(), holes(), values(), real).break_reasons
