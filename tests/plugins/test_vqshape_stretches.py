"""Tokens computed from their own stretches: grids, readings, masks, and values filled in from the context."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from zoo_registry import Shape, ShapeError
from zoo_vqshape import VQShapeEncoderSpec
from zoo_vqshape.grid import grid, usual_tokens
from zoo_vqshape.patches import Hide, Patches
from zoo_vqshape.stretch import StretchReader

import zoo

LENGTH = 60
SMALL = {"read": "stretch", "tokens": 6, "samples": 8, "hidden": 8, "patches": 12, "dim": 8, "heads": 2, "layers": 1,
         "tokenizer_heads": 2, "tokenizer_layers": 1, "dropout": 0.0}  # fmt: skip


def build(length: int = LENGTH, **fields):
    torch.manual_seed(0)
    return VQShapeEncoderSpec(**{**SMALL, **fields}).build(Shape.of("c t", 2, length)).double()


def signal(length: int = LENGTH, seed: int = 1) -> Tensor:
    return torch.randn(3, 2, length, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)).cumsum(-1)


@given(
    length=st.integers(2, 600),
    tokens=st.integers(1, 200),
    overlap=st.floats(1, 4),
    scales=st.lists(st.integers(1, 8), min_size=1, max_size=3),
)
@settings(deadline=None)
def test_every_grid_covers_every_sample_and_ends_with_the_series(length, tokens, overlap, scales):
    if tokens > length // 2:
        with pytest.raises(ShapeError, match=f"use {length // 2}"):
            grid(length, tokens, overlap, tuple(scales))
        return
    spans = iter(grid(length, tokens, overlap, tuple(scales)))
    for scale in scales:
        own = list(itertools.islice(spans, max(1, round(tokens / scale))))
        assert {i for start, size in own for i in range(start, start + size)} == set(range(length))
        assert own[0].start == 0
        assert own[-1].start + own[-1].samples == length
        assert len({size for _, size in own}) == 1
    assert not list(spans)


@pytest.mark.parametrize(
    ("length", "tokens"), [(500, 20), (100, 20), (96, 24), (512, 16), (206, 20), (97, 20), (10, 5)]
)
def test_a_grid_has_about_twenty_tokens_that_divide_the_series_where_possible(length, tokens):
    assert usual_tokens(length) == tokens


def test_a_reading_has_mean_0_and_deviation_1_and_levels_are_those_of_the_stretch():
    reader, x = StretchReader(8, 0.05), signal()
    start, length = torch.full((3, 2, 1), 10 / 59.0).double(), torch.full((3, 2, 1), 7 / 59.0).double()
    found = reader(x, start, length)
    stretch = x[..., 10:18]
    torch.testing.assert_close(found.mu[..., 0], stretch.mean(-1))
    torch.testing.assert_close(found.sigma[..., 0], (stretch.var(-1) + 1e-5).sqrt())
    torch.testing.assert_close(found.form.mean(-1), torch.zeros(3, 2, 1).double())
    torch.testing.assert_close(found.form.std(-1), torch.ones(3, 2, 1).double(), atol=1e-4, rtol=0)
    assert found.real is None


def test_the_noise_of_a_flat_stretch_stays_near_zero():
    x = signal()
    x[..., :20] = x[..., :20] * 1e-4
    found = StretchReader(8, 0.05)(x, torch.zeros(3, 2, 1).double(), torch.full((3, 2, 1), 19 / 59.0).double())
    assert found.form.abs().max() < 0.05


@pytest.mark.parametrize("fields", [{}, {"readout": "identity", "code_dim": None}])
def test_tokens_do_not_depend_on_the_level_and_scale_of_a_series(fields):
    encoder, x = build(**fields), signal()
    one, other = encoder(x), encoder(5 * x + 3)
    torch.testing.assert_close(one.values, other.values, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(5 * one.attributes["mu"] + 3, other.attributes["mu"])
    torch.testing.assert_close(5 * one.attributes["sigma"], other.attributes["sigma"], atol=1e-3, rtol=1e-3)


def test_a_token_that_is_its_own_stretch_has_the_width_of_its_samples():
    assert VQShapeEncoderSpec(readout="identity").output(Shape.of("c t", 2, 500))["d"] == 32
    with pytest.raises(ShapeError, match=r"encoder\.code_dim: expected 32"):
        VQShapeEncoderSpec(readout="identity", code_dim=8).output(Shape.of("c t", 2, 500))


def test_scales_are_refused_for_learned_positions():
    with pytest.raises(ShapeError, match="set `place` to grid"):
        VQShapeEncoderSpec(place="free", scales=(1, 4)).output(Shape.of("c t", 2, 500))


def test_several_scales_give_tokens_of_each_length():
    encoder = build(scales=(1, 3))
    tokens = encoder(signal())
    assert tokens.values.shape[2] == 6 + 2 == len(tokens.spans)
    assert tokens.spans == (15,) * 6 + (45,) * 2
    assert tokens.attributes["l"][0, 0].tolist() == pytest.approx([14 / 59] * 6 + [44 / 59] * 2)


FORMS = [
    {"read": read, "place": place, "level": level}
    for read in ("stretch", "query", "both")
    for place in ("grid", "free")
    for level in ("measured", "learned")
]


@pytest.mark.parametrize("fields", FORMS, ids=lambda fields: "-".join(fields.values()))
def test_every_form_builds_keeps_its_promise_and_learns(fields):
    encoder = build(**fields).train()
    tokens = encoder(signal())
    assert tokens.values.shape == (
        3,
        *VQShapeEncoderSpec(**{**SMALL, **fields}).output(Shape.of("c t", 2, LENGTH)).sizes,
    )
    assert all(part.shape == (3, 2, 6) for part in tokens.attributes.values())
    (tokens.features().square().sum() + encoder.losses(tokens)["dist"]).backward()
    missing = [name for name, weight in encoder.named_parameters() if weight.grad is None]
    assert not missing
    assert (tokens.spans is None) == (fields["place"] == "free")


@pytest.mark.parametrize("fields", FORMS, ids=lambda fields: "-".join(fields.values()))
def test_no_mask_equals_a_full_one_and_unobserved_samples_do_not_matter(fields):
    encoder, x = build(**fields).eval(), signal()
    full = torch.ones_like(x, dtype=torch.bool)
    plain, masked = encoder(x), encoder(x, full)
    torch.testing.assert_close(plain.features(), masked.features())
    mask = full.clone()
    mask[1, :, 24:] = False
    mask[2, 0, :13] = False
    one, other = encoder(x, mask), encoder(torch.where(mask, x, 100.0), mask)
    torch.testing.assert_close(one.features(), other.features())
    if fields["read"] == "both" or (fields["read"], fields["level"]) == ("query", "learned"):
        assert one.mask is None
    elif fields["place"] == "grid":
        # Tokens of 15 samples from 0, 9, 18, …: of the third, 3 of the 8 samples read are observed.
        assert one.mask[1].tolist() == [[True, True, False, False, False, False]] * 2
        assert one.mask[2, 0].tolist() == [False, True, True, True, True, True]


def test_a_series_with_few_observed_samples_keeps_a_real_token():
    x, mask = signal(), torch.zeros(3, 2, LENGTH, dtype=torch.bool)
    mask[:, :, 31:34] = True
    tokens = build()(x, mask)
    assert tokens.mask.any(-1).all()
    assert tokens.features().isfinite().all()


def test_positions_get_no_gradient_from_their_reading():
    """Otherwise the error of shapes would move tokens to short and easy stretches."""
    encoder = build(place="free", level="measured")
    tokens = encoder(signal())
    (tokens.values.square().sum() + tokens.attributes["mu"].sum() + tokens.attributes["sigma"].sum()).backward()
    assert all(weight.grad is None for weight in encoder.attr_decoder["tl_mean_head"].parameters())


def test_both_readings_start_equal_to_the_stretch_alone():
    encoder, x = build(read="both").eval(), signal()
    read = encoder.readout(encoder.reader(x, *encoder.places(x)).form)
    torch.testing.assert_close(encoder(x).values, read)


def test_a_hidden_gap_leaves_some_samples_and_keeps_unobserved_ones_hidden():
    torch.manual_seed(0)
    hide = Hide(Patches(LENGTH, 12, 5, 5), 0.5)
    x = signal()
    seen = hide(x, None)
    assert (seen.sum(-1) == LENGTH // 2).all()
    few = torch.zeros_like(x, dtype=torch.bool)
    few[..., 3:6] = True
    again = hide(x, few)
    assert again.any(-1).all()
    assert not (again & ~few).any()


@pytest.fixture(scope="module")
def waves() -> Tensor:
    """Sines of one period and any phase: half of a window determines the other."""
    torch.manual_seed(0)
    phase = 2 * torch.pi * torch.rand(128, 1, 1)
    return torch.sin(2 * torch.pi * torch.arange(LENGTH) / 20 + phase)


def trained(read: str, waves: Tensor) -> zoo.ZooModel:
    torch.manual_seed(0)
    encoder = {**SMALL, "kind": "vqshape.encoder", "dim": 32, "read": read, "mask_ratio": 0.4}
    spec = {"input": {"channels": 1, "length": LENGTH}, "encoder": encoder, "decoder": {"kind": "vqshape.renderer"}}
    model = zoo.build({**spec, "scale": "none"}).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(150):
        losses = model(waves[torch.randperm(128)[:32]]).losses
        optimizer.zero_grad()
        (losses["x"] + losses["s"]).backward()
        optimizer.step()
    return model.eval()


@pytest.mark.slow
def test_the_context_forecasts_and_fills_gaps_unlike_a_stretch_alone(waves):
    hidden = torch.arange(LENGTH) >= 45
    gap = torch.ones(128, 1, LENGTH, dtype=torch.bool)
    gap[..., 20:35] = False
    errors = {}
    for read in ("stretch", "both"):
        model = trained(read, waves)
        with torch.no_grad():
            future = model.forecast(waves[..., :45], 45)[..., hidden] - waves[..., hidden]
            filled = model.impute(waves, gap)
        assert torch.equal(filled[gap], waves[gap])
        errors[read] = (future.square().mean(), (filled - waves)[~gap].square().mean())
    assert errors["both"][0] < 0.25 < errors["stretch"][0]
    assert errors["both"][1] < 0.25 < errors["stretch"][1]


def test_sizes_of_the_transformer_alone_mean_the_published_form_as_in_earlier_specs():
    published = {"read": "query", "place": "free", "level": "learned"}
    assert VQShapeEncoderSpec(dim=64, layers=2) == VQShapeEncoderSpec(dim=64, layers=2, **published)
    assert VQShapeEncoderSpec(dim=64, read="stretch").output(Shape.of("c t", 2, 500))["n"] == 20
    assert VQShapeEncoderSpec(hidden=64).read == "stretch"


def test_a_complete_spec_of_an_earlier_version_builds_the_same_model():
    earlier = VQShapeEncoderSpec().model_dump(exclude={"read", "place", "level"})
    assert VQShapeEncoderSpec(**earlier).read == "query"
