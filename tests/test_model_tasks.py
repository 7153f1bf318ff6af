"""`tokenize`, `forecast` and `impute` of every model that has the necessary roles."""

import itertools

import pytest
import torch
from test_combinations import INPUT, REGISTRY, ROLES, fits, tiny
from torch import Tensor, nn
from zoo_registry import DataError, ModelSpec, ShapeError, SpecError

from zoo.model.assembly import ZooModel
from zoo.testing import adapt

CHANNELS, LENGTH, BATCH = INPUT["channels"], INPUT["length"], 3
FUSIONS = [None, *REGISTRY.kinds("fusion")]
IMAGES = [None, *REGISTRY.kinds("image")]
KNOWN = LENGTH // 2 + 3


def spec_of(**kinds: str | None) -> ModelSpec:
    parts = {role: {"kind": kind, **tiny(kind)} for role, kind in kinds.items() if kind is not None}
    return REGISTRY.model({"input": INPUT, **parts})


def rebuilding() -> list[dict[str, str | None]]:
    """Every valid pair of encoder and decoder, with each fusion and each quantizer in some of them."""
    quantizers = itertools.cycle([None, *REGISTRY.kinds("quantizer")])
    found = []
    for encoder, decoder in itertools.product(REGISTRY.kinds("encoder"), REGISTRY.kinds("decoder")):
        for fusion, image in itertools.product(FUSIONS, IMAGES):
            kinds = {"fusion": fusion, "image": image, "encoder": encoder, "decoder": decoder}
            reads_image = REGISTRY.find(encoder).reads == "c h w"
            if reads_image == (image is not None) and fits(
                (*(kinds.get(role) for role in ROLES), "shared", "instance")
            ):
                found.append({**kinds, "quantizer": next(quantizers)})
    return found


REBUILDING = rebuilding()
NAMES = ["+".join(kind for kind in kinds.values() if kind) for kinds in REBUILDING]


def model_of(**kinds: str | None) -> ZooModel:
    torch.manual_seed(0)
    model = ZooModel(spec_of(**kinds))
    adapt(model, model.trace.signal)
    return model.eval().requires_grad_(False)


def signal(seed: int = 0) -> Tensor:
    drawn = torch.randn(BATCH, CHANNELS, LENGTH, generator=torch.Generator().manual_seed(seed))
    return 3 * drawn.cumsum(-1) + 7


def holes() -> Tensor:
    mask = torch.ones(BATCH, CHANNELS, LENGTH, dtype=torch.bool)
    mask[0, :, 40:] = mask[1, 0, 5:9] = mask[2, :, ::7] = False
    return mask


def spoilt(x: Tensor, mask: Tensor) -> list[Tensor]:
    """``x`` with other values where ``mask`` is False."""
    return [torch.where(mask, x, content) for content in (torch.nan, torch.inf, signal(1))]


def test_every_encoder_and_decoder_is_tested():
    assert {kinds["encoder"] for kinds in REBUILDING} == set(REGISTRY.kinds("encoder"))
    assert {kinds["decoder"] for kinds in REBUILDING} == set(REGISTRY.kinds("decoder"))
    assert {kinds["fusion"] for kinds in REBUILDING} == set(FUSIONS)


@pytest.mark.parametrize("kinds", REBUILDING, ids=NAMES)
def test_a_forecast_uses_only_the_first_samples(kinds):
    model, x = model_of(**kinds), signal()
    past = torch.arange(LENGTH).expand_as(x) < KNOWN
    expected = model.forecast(x, KNOWN)
    assert expected.shape == x.shape
    assert torch.equal(expected, model(x, past).x_recon)
    assert torch.equal(expected, model.forecast(x[..., :KNOWN], KNOWN))
    for other in spoilt(x, past):
        assert torch.equal(expected, model.forecast(other, KNOWN))
    assert not torch.equal(expected, model.forecast(x, LENGTH))
    assert torch.equal(model.forecast(x, LENGTH), model(x).x_recon)


@pytest.mark.parametrize("kinds", REBUILDING, ids=NAMES)
def test_imputing_keeps_observed_samples_and_uses_nothing_else(kinds):
    model, x, mask = model_of(**kinds), signal(), holes()
    found = model.impute(x, mask)
    assert torch.equal(found, torch.where(mask, x, model(x, mask).x_recon))
    for other in spoilt(x, mask):
        assert torch.equal(found, model.impute(other, mask))
    assert torch.equal(model.impute(x, torch.ones_like(mask)), x)


@pytest.mark.parametrize("kinds", REBUILDING, ids=NAMES)
def test_tokens_are_those_that_decoders_read(kinds):
    model, x, mask = model_of(**kinds), signal(), holes()
    for given in (None, mask):
        output = model.encode(x, given)
        tokens, counts = model.tokenize(x, given)
        assert output.tokens is not None
        assert output.coded is not None
        assert torch.equal(tokens, output.coded.features())
        assert tokens.shape[1:] == model.trace.features.sizes
        if output.quantized is None:
            assert counts is None
            continue
        c, _, q, k = model.trace.codes.sizes
        assert counts.shape == (BATCH, c, q, k)
        real = torch.ones(tokens.shape[:-1], dtype=torch.bool) if output.tokens.mask is None else output.tokens.mask
        for b, channel, level in itertools.product(range(BATCH), range(c), range(q)):
            found = output.quantized.codes[b, channel, real[b, channel], level]
            assert torch.equal(counts[b, channel, level], found.bincount(minlength=k))


class Untouched(nn.Module):
    """A component that must not run."""

    def forward(self, *_: object) -> None:
        raise AssertionError("it was run")


def test_tokenizing_runs_no_decoder_or_head_and_rebuilding_no_head_or_loss(monkeypatch):
    model = model_of(
        encoder="vqshape.encoder", quantizer="vqshape.codebook", decoder="vqshape.decoder", head="wrn.recon"
    )
    x = signal()
    expected = model.tokenize(x)
    model.head = Untouched()
    for part in (model.encoder, model.quantizer, model.decoder):
        monkeypatch.setattr(part, "losses", Untouched())
    assert model.forecast(x, KNOWN).shape == model.impute(x, holes()).shape == x.shape
    model.decoder = Untouched()
    assert torch.equal(model.tokenize(x).tokens, expected.tokens)


@pytest.mark.parametrize(
    ("task", "kinds", "missing"),
    [
        ("tokenize", {"head": "wrn.signal"}, "encoder"),
        ("forecast", {"head": "wrn.signal"}, "encoder"),
        ("impute", {"head": "wrn.signal"}, "encoder"),
        ("forecast", {"encoder": "conv.encoder", "quantizer": "quantizers.fsq"}, "decoder"),
        ("impute", {"encoder": "conv.encoder", "quantizer": "quantizers.fsq"}, "decoder"),
    ],
)
def test_a_model_without_the_role_is_refused(task, kinds, missing):
    model, x = model_of(**kinds), signal()
    arguments = {"tokenize": (x,), "forecast": (x, 9), "impute": (x, holes())}[task]
    with pytest.raises(SpecError, match=f"^{missing}: expected one to {task} with, .*; .*zoo list {missing}"):
        getattr(model, task)(*arguments)


def rebuilder() -> ZooModel:
    return model_of(encoder="conv.encoder", decoder="conv.decoder", head="wrn.signal")


@pytest.mark.parametrize("observed", [0, -3, LENGTH + 1])
def test_a_forecast_from_no_or_too_many_samples_is_refused(observed):
    with pytest.raises(ShapeError, match=rf"^observed: expected 1 to {LENGTH} samples, found {observed};"):
        rebuilder().forecast(signal(), observed)


@pytest.mark.parametrize("x", [signal()[..., :8], signal().repeat(1, 1, 2), signal()[:, :1], signal()[0]])
def test_signals_of_another_shape_are_refused(x):
    with pytest.raises(ShapeError, match=r"^x: expected"):
        rebuilder().forecast(x, 9)
    with pytest.raises(ShapeError, match=r"^x: expected"):
        rebuilder().impute(x, torch.ones_like(x, dtype=torch.bool))


@pytest.mark.parametrize("mask", [holes()[:, :1], holes()[..., :-1], holes().float(), holes()[0]])
def test_masks_of_another_shape_are_refused(mask):
    for task in (rebuilder().impute, rebuilder().tokenize, rebuilder()):
        with pytest.raises(ShapeError, match=r"^mask: expected"):
            task(signal(), mask)


def test_a_series_with_nothing_observed_is_refused():
    mask = holes()
    mask[1, 0] = False
    with pytest.raises(DataError, match="a series with none"):
        rebuilder().impute(signal(), mask)
