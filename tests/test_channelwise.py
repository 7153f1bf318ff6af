"""A channelwise model accepts signals with any number of channels, and handles each channel separately."""

from typing import Any

import pytest
import torch
from small_runs import PUBLISHED
from zoo_registry import ShapeError

import zoo
from zoo.contracts import Output

SIZES = {"dim": 16, "heads": 2, "layers": 1}
STRETCHES = {
    "encoder": {"kind": "vqshape.encoder", "tokens": 8},
    "quantizer": {"kind": "quantizers.ema", "codes": 12},
    "decoder": {"kind": "vqshape.renderer"},
}
VQSHAPE = {
    "encoder": {
        "kind": "vqshape.encoder",
        **PUBLISHED,
        "patches": 8,
        "tokenizer_heads": 2,
        "tokenizer_layers": 1,
        **SIZES,
    },
    "quantizer": {"kind": "vqshape.codebook", "codes": 12},
    "decoder": {"kind": "vqshape.decoder", "shape_samples": 16, **SIZES},
}
CONV = {
    "fusion": {"kind": "fusion.channelwise"},
    "encoder": {"kind": "conv.encoder", "dim": 8},
    "decoder": {"kind": "conv.decoder", "dim": 8},
}


def model_of(parts: dict[str, Any], channels: int) -> zoo.ZooModel:
    torch.manual_seed(channels)
    return zoo.build({"input": {"channels": channels, "length": 64}, **parts}).eval()


def window(channels: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Windows, and a mask that differs between channels."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, channels, 64, generator=generator)
    mask = torch.rand(2, channels, 64, generator=generator) > 0.1
    return x, mask


def everything(output: Output) -> dict[str, torch.Tensor]:
    """All outputs of the model for each series."""
    assert output.tokens is not None
    assert output.x_recon is not None
    found = {"tokens": output.tokens.values, "recon": output.x_recon}
    found |= dict(output.attributes)
    found |= {"codes": output.quantized.codes} if output.quantized else {}
    return found | ({"shapes": output.shapes} if output.shapes is not None else {})


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("parts", [STRETCHES, VQSHAPE, CONV], ids=["stretches", "vqshape", "conv"])
def test_a_model_of_one_channel_equals_one_of_three_on_three_channels(parts, masked):
    one, three = model_of(parts, 1), model_of(parts, 3)
    three.load_state_dict(one.state_dict(), strict=True)
    x, mask = window(3)
    given, expected = (model(x, mask if masked else None) for model in (one, three))
    assert everything(given).keys() == everything(expected).keys()
    for name, value in everything(expected).items():
        assert torch.equal(everything(given)[name], value), name
    for name, loss in expected.losses.items():
        assert torch.equal(given.losses[name], loss), name


@pytest.mark.parametrize("channels", [1, 2, 5])
def test_each_channel_has_the_outputs_it_has_alone(channels):
    model, (x, mask) = model_of(VQSHAPE, 3), window(channels)
    together = everything(model(x, mask))
    for c in range(channels):
        alone = everything(model(x[:, c : c + 1], mask[:, c : c + 1]))
        for name, value in alone.items():
            torch.testing.assert_close(together[name][:, c : c + 1], value, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("size", [(2, 0, 64), (2, 3, 65), (3, 64), (2, 1, 3, 64)])
def test_a_window_must_still_have_channels_and_the_length(size):
    with pytest.raises(ShapeError, match=r"^x: expected \(b, \d, 64\), found .*; lay the signal out as"):
        model_of(VQSHAPE, 1)(torch.zeros(size))


NOT_CHANNELWISE = {
    "a codebook each": VQSHAPE | {"codebook": "per_channel"},
    "a fusion": VQSHAPE | {"fusion": {"kind": "fusion.attention"}},
}


@pytest.mark.parametrize("parts", NOT_CHANNELWISE.values(), ids=NOT_CHANNELWISE)
def test_other_models_accept_only_their_number_of_channels(parts):
    with pytest.raises(ShapeError) as refusal:
        model_of(parts, 2)(torch.zeros(2, 3, 64))
    assert str(refusal.value) == (
        "x: expected (b, 2, 64), found (2, 3, 64); "
        "lay the signal out as (batch, channels, time), or bring it to length first"
    )
