"""What is exported of a model: its result for complete windows, and nothing else."""

import pytest
import torch
from combinations import spec

import zoo
from zoo.codebook.token_file import token_arrays
from zoo.export.predictor import Predictor
from zoo.model.assembly import ZooModel
from zoo.testing import adapt

VQSHAPE = ("vqshape.encoder", "quantizers.ema", "vqshape.renderer")
IMAGE = "images.gaf"


def model_of(kinds: tuple[str, ...], classes: int = 3) -> ZooModel:
    torch.manual_seed(0)
    model = zoo.build({"input": {"channels": 2, "length": 64, "classes": classes}, **spec(kinds)}).eval()
    adapt(model, model.trace.signal)
    return model


def kept_by(predictor: Predictor) -> list[str]:
    """The roles whose components are exported."""
    roles = [role for role, _ in predictor.model.spec.components()]
    assert {name.split(".")[1] for name in predictor.state_dict()} <= set(roles)
    return roles


@pytest.mark.parametrize(
    ("kinds", "kept", "result"),
    [
        ((IMAGE, *VQSHAPE, "wrn.signal"), ["head"], "logits"),
        ((IMAGE, *VQSHAPE, "wrn.image"), ["image", "head"], "logits"),
        ((IMAGE, *VQSHAPE, "heads.token-linear"), ["encoder", "quantizer", "head"], "logits"),
        ((*VQSHAPE, "heads.histogram-linear"), ["encoder", "quantizer", "head"], "logits"),
        ((IMAGE, "timm.encoder", "heads.token-linear"), ["image", "encoder", "head"], "logits"),
        ((*VQSHAPE, "wrn.recon"), ["encoder", "quantizer", "decoder", "head"], "logits"),
        (VQSHAPE, ["encoder", "quantizer", "decoder"], "x_recon"),
        (VQSHAPE[:2], ["encoder", "quantizer"], "features"),
    ],
)
def test_only_what_the_result_depends_on_is_exported(kinds, kept, result):
    model = model_of(kinds)
    predictor, x = Predictor(model), torch.randn(3, 2, 64)
    with torch.no_grad():
        output = model(x)
        given = {"logits": output.logits, "x_recon": output.x_recon, "features": model.tokenize(x).tokens}
        # Not bit by bit: convolutions round by the place of their weights in memory.
        torch.testing.assert_close(predictor(x), given[result], rtol=1e-5, atol=1e-6)
    assert kept_by(predictor) == kept
    assert predictor.result == result


def test_to_tokenize_gives_the_arrays_of_a_token_file():
    model, x = model_of(("fusion.channelwise", *VQSHAPE, "wrn.recon")), torch.randn(3, 2, 64)
    predictor = Predictor(model, "tokenize")
    arrays = token_arrays(model.code(x), len(x), 8)
    found = predictor(x)
    assert list(found) == list(arrays)
    for name, value in found.items():
        torch.testing.assert_close(value, torch.from_numpy(arrays[name]).to(value.dtype), rtol=1e-5, atol=1e-6)
    assert kept_by(predictor) == ["fusion", "encoder", "quantizer"]


def test_to_reconstruct_leaves_the_head_out():
    model, x = model_of((*VQSHAPE, "wrn.recon")), torch.randn(3, 2, 64)
    predictor = Predictor(model, "reconstruct")
    torch.testing.assert_close(predictor(x), model(x).x_recon, rtol=1e-5, atol=1e-6)
    assert kept_by(predictor) == ["encoder", "quantizer", "decoder"]
