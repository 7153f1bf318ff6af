"""What is exported of a model: its result for complete windows, and nothing else."""

import pytest
import torch
from combinations import spec

import zoo
from zoo.export.predictor import Predictor
from zoo.testing import adapt

VQSHAPE = ("vqshape.encoder", "quantizers.ema", "vqshape.renderer")
IMAGE = "images.gaf"


@pytest.mark.parametrize(
    ("kinds", "kept", "result"),
    [
        ((IMAGE, *VQSHAPE, "wrn.signal"), ["head"], "logits"),
        ((IMAGE, *VQSHAPE, "wrn.image"), ["image", "head"], "logits"),
        ((IMAGE, *VQSHAPE, "heads.token-linear"), ["encoder", "quantizer", "head"], "logits"),
        ((*VQSHAPE, "heads.histogram-linear"), ["encoder", "quantizer", "head"], "logits"),
        ((IMAGE, "timm.encoder", "heads.token-linear"), ["image", "encoder", "head"], "logits"),
        ((*VQSHAPE, "wrn.recon"), ["encoder", "quantizer", "decoder", "head"], "logits"),
        (VQSHAPE, ["encoder", "quantizer", "decoder"], "recon"),
        (VQSHAPE[:2], ["encoder", "quantizer"], "features"),
    ],
)
def test_only_what_the_result_depends_on_is_exported(kinds, kept, result):
    torch.manual_seed(0)
    model = zoo.build({"input": {"channels": 2, "length": 64, "classes": 3}, **spec(kinds)}).eval()
    adapt(model, model.trace.signal)
    predictor, x = Predictor(model), torch.randn(3, 2, 64)
    with torch.no_grad():
        output = model(x)
        given = {"logits": output.logits, "recon": output.x_recon, "features": model.tokenize(x).tokens}
        # Not bit by bit: convolutions round by the place of their weights in memory.
        torch.testing.assert_close(predictor(x), given[result], rtol=1e-5, atol=1e-6)
    assert [role for role, _ in predictor.model.spec.components()] == kept
    assert {name.split(".")[1] for name in predictor.state_dict()} <= set(kept)
    assert (predictor.result, predictor.shape.sizes) == (result, tuple(given[result].shape[1:]))
