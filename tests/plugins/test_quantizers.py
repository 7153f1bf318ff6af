"""Invariants that every quantizer keeps."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from some_tokens import SPECS, TOKENS, assert_same_terms, built, every, holes, name, same, some, state
from torch import Tensor
from zoo_quantizers import EMA, FSQ, LFQ, Cosine, Residual
from zoo_registry import QuantizerSpec, Shape, ShapeError

from zoo.contracts import Quantized
from zoo.model.per_channel import PerChannel


@every
def test_sizes_are_those_of_the_spec(spec: QuantizerSpec) -> None:
    book = spec.codebook(TOKENS)
    found = built(spec)(some())
    assert found.values.shape == (3, *TOKENS.sizes)
    assert found.codes.shape == (3, *TOKENS.sizes[:2], book["q"])
    assert found.latents.shape[:-1] == (3, *TOKENS.sizes[:2])
    assert found.codes.dtype == torch.int64


@every
def test_forward_changes_no_state_and_gives_stats_in_training_only(spec: QuantizerSpec) -> None:
    quantizer = built(spec)
    before = state(quantizer)
    learns = isinstance(spec, EMA | Cosine | Residual)
    assert (quantizer.train()(some()).stats is not None) == learns
    assert quantizer.eval()(some()).stats is None
    assert same(before, state(quantizer))


@every
def test_decode_equals_values(spec: QuantizerSpec) -> None:
    quantizer = built(spec)
    found = quantizer(some())
    torch.testing.assert_close(quantizer.decode(found.codes), found.values)


@pytest.mark.parametrize("spec", [spec for spec in SPECS if not isinstance(spec, Residual)], ids=name)
def test_every_code_is_the_code_of_its_vector(spec: QuantizerSpec) -> None:
    quantizer = built(spec)
    codes = torch.arange(spec.codebook(TOKENS)["k"])[:, None]
    assert torch.equal(quantizer.assign(quantizer.vectors(codes)), codes)


@every
def test_values_are_of_the_codebook_before_the_update(spec: QuantizerSpec) -> None:
    quantizer = built(spec)
    found = quantizer(some())
    decoded = quantizer.decode(found.codes)
    if found.stats is not None:
        quantizer.update(found.stats)
        assert not torch.allclose(quantizer.decode(found.codes), decoded)
    torch.testing.assert_close(found.values, decoded)


@every
@pytest.mark.parametrize("garbage", [1e4, float("inf"), float("nan")])
def test_padded_tokens_affect_nothing(spec: QuantizerSpec, garbage: float) -> None:
    quantizer, mask = built(spec), holes()
    dirty = torch.where(mask[..., None], some(), garbage)
    clean, soiled = quantizer(some(), mask), quantizer(dirty, mask)
    assert torch.equal(clean.codes[mask], soiled.codes[mask])
    assert torch.equal(clean.values[mask], soiled.values[mask])
    assert_same_terms(quantizer.losses(clean, mask), quantizer.losses(soiled, mask))
    assert_same_terms(clean.stats or {}, soiled.stats or {})
    assert int(soiled.codes.min()) >= 0
    assert int(soiled.codes.max()) < spec.codebook(TOKENS)["k"]


@every
def test_no_mask_equals_a_full_mask(spec: QuantizerSpec) -> None:
    quantizer, full = built(spec), torch.ones(3, *TOKENS.sizes[:2], dtype=torch.bool)
    without, with_mask = quantizer(some()), quantizer(some(), full)
    assert torch.equal(without.codes, with_mask.codes)
    assert_same_terms(quantizer.losses(without), quantizer.losses(with_mask, full))
    assert_same_terms(without.stats or {}, with_mask.stats or {})


@every
def test_without_real_tokens_there_is_no_loss_and_no_update(spec: QuantizerSpec) -> None:
    quantizer, none = built(spec), torch.zeros(3, *TOKENS.sizes[:2], dtype=torch.bool)
    found = quantizer(some(), none)
    terms = quantizer.losses(found, none)
    assert terms["z"].item() == 0
    before = state(quantizer)
    if found.stats is not None:
        quantizer.update(found.stats)
    assert same(before, state(quantizer))


@every
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_codes_do_not_depend_on_autocast(spec: QuantizerSpec, dtype: torch.dtype) -> None:
    quantizer = spec.build(TOKENS)
    # Latents of the codebook's own width, so that no linear map rounds before the codes are found.
    latents = quantizer(some()).latents.shape[-1]
    own = spec.build(TOKENS.replace(d=latents)).eval()
    values = (torch.randn(3, 2, 7, latents) * 3).to(dtype)
    low, high = own(values), own(values.float())
    assert torch.equal(low.codes, high.codes)
    assert low.values.dtype == dtype
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(own(values.float()).codes, high.codes)


@every
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_trains_under_autocast(spec: QuantizerSpec, dtype: torch.dtype) -> None:
    quantizer, values = built(spec), some().requires_grad_()
    with torch.autocast("cpu", dtype=dtype):
        found = quantizer(values, holes())
        total = quantizer.losses(found, holes())["z"] + found.values.float().square().mean()
    total.backward()
    assert values.grad is not None
    assert bool(values.grad.isfinite().all())
    if found.stats is not None:
        quantizer.update(found.stats)
    assert all(bool(value.isfinite().all()) for value in quantizer.state_dict().values())


@every
def test_works_with_a_codebook_per_channel(spec: QuantizerSpec) -> None:
    one = TOKENS.replace(c=1)
    quantizer = PerChannel([spec.build(one) for _ in range(2)])
    found = quantizer(some(), holes())
    torch.testing.assert_close(quantizer.decode(found.codes), found.values)
    before = state(quantizer)
    if found.stats is not None:
        quantizer.update({key: value * 2 for key, value in found.stats.items()})
        assert not same(before, state(quantizer))
    assert quantizer.losses(found, holes())["z"].isfinite()


@every
def test_weights_can_be_saved_and_loaded(spec: QuantizerSpec) -> None:
    quantizer, other = built(spec, seed=0), built(spec, seed=9)
    found = quantizer(some())
    if found.stats is not None:
        quantizer.update(found.stats)
    other.load_state_dict(quantizer.state_dict(), strict=True)
    assert torch.equal(other(some()).values, quantizer(some()).values)


@pytest.mark.slow
@every
def test_quantizers_compile_and_export_without_graph_breaks(spec: QuantizerSpec) -> None:
    quantizer = built(spec)

    def learn(values: Tensor, mask: Tensor) -> tuple[Quantized, dict[str, Tensor]]:
        found = quantizer(values, mask)
        return found, dict(quantizer.losses(found, mask))

    torch._dynamo.reset()
    assert torch._dynamo.explain(learn)(some(), holes()).graph_break_count == 0
    quantizer.eval()
    batch = {0: torch.export.Dim("batch")}
    program = torch.export.export(quantizer, (some(), holes()), dynamic_shapes=(batch, batch)).module()
    for size in (2, 5):
        values, mask = some(size), holes(size)
        assert torch.equal(program(values, mask).codes, quantizer(values, mask).codes)


@pytest.mark.parametrize("spec", [EMA(codes=16), Residual(codes=8, levels=3), LFQ(bits=4)], ids=name)
def test_gradient_goes_straight_through(spec: QuantizerSpec) -> None:
    values, weight = some().requires_grad_(), some(seed=5)
    (built(spec)(values).values * weight).sum().backward()
    torch.testing.assert_close(values.grad, weight)


@every
def test_term_z_has_a_gradient_for_the_tokens(spec: QuantizerSpec) -> None:
    quantizer, values = built(spec), some().requires_grad_()
    terms = quantizer.losses(quantizer(values), None)
    assert terms["z"].shape == ()
    if isinstance(spec, FSQ):
        assert terms["z"].dtype == torch.float32
        assert float(terms["z"]) == 0
        return
    terms["z"].backward()
    assert values.grad is not None
    assert float(values.grad.abs().max()) > 0


# specs


@settings(deadline=None, max_examples=40)
@given(c=st.integers(1, 4), n=st.integers(1, 9), d=st.integers(1, 12), index=st.integers(0, len(SPECS) - 1))
def test_quantizers_of_any_size(c: int, n: int, d: int, index: int) -> None:
    spec, tokens = SPECS[index], Shape.of("c n d", c, n, d)
    quantizer, book = spec.build(tokens), spec.codebook(tokens)
    found = quantizer(torch.randn(2, *tokens.sizes))
    assert found.values.shape == (2, c, n, d)
    assert found.codes.shape == (2, c, n, book["q"])
    assert 0 <= int(found.codes.min()) <= int(found.codes.max()) < book["k"]


def test_codebooks_are_bounded() -> None:
    assert FSQ().codebook(TOKENS) == Shape.of("q k", 1, 1000)
    assert LFQ(bits=16).codebook(TOKENS) == Shape.of("q k", 1, 65536)
    assert Residual().codebook(TOKENS) == Shape.of("q k", 4, 256)
    with pytest.raises(ValidationError, match="product is at most 65536"):
        FSQ(levels=(256, 256, 2))
    with pytest.raises(ShapeError, match=r"quantizer: expected a codebook of \d+ numbers at most, found 32 x 65536"):
        Residual(codes=65536, levels=32, width=4096).codebook(TOKENS)
