"""Whole models as one graph: torch.compile without graph breaks, and equal outputs of exported programs."""

from typing import Any

import pytest
import torch
from small_runs import SHAPES
from torch import Tensor, nn

import zoo
from zoo.contracts import Output, Standardize

pytestmark = pytest.mark.slow
INPUT = {"channels": 3, "length": 80, "classes": 4}
MODELS: dict[str, dict[str, Any]] = {
    "channelwise": {**SHAPES, "fusion": {"kind": "fusion.channelwise"}, "quantizer": {"kind": "vqshape.codebook"},
                    "head": {"kind": "heads.histogram-linear"}},
    "stretches": {"encoder": {"kind": "vqshape.encoder", "tokens": 8, "scales": [1, 4]}, "errors": "relative",
                  "quantizer": {"kind": "quantizers.ema"}, "decoder": {"kind": "vqshape.renderer"},
                  "head": {"kind": "heads.token-linear"}},
    "both": {"encoder": {**SHAPES["encoder"], "read": "both"}, "quantizer": {"kind": "quantizers.ema"},
             "decoder": {"kind": "vqshape.renderer", "shape": "conv"}, "head": {"kind": "heads.token-linear"}},
    "flatten": {"fusion": {"kind": "fusion.flatten"}, "encoder": {"kind": "conv.encoder"},
                "quantizer": {"kind": "quantizers.residual"}, "decoder": {"kind": "conv.decoder"},
                "head": {"kind": "wrn.recon", "depth": 10}},
}  # fmt: skip


class Tensors(nn.Module):
    """A model that returns the tensors of its output."""

    def __init__(self, model: zoo.ZooModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
        output: Output = self.model(x, mask)
        found = output.x_recon, output.shapes, output.quantized.codes, output.logits
        return tuple(part for part in found if part is not None)


def inputs(windows: int) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(windows)
    mask = torch.rand(windows, 3, 80, generator=random) > 0.1
    return torch.randn(windows, 3, 80, generator=random), mask


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> zoo.ZooModel:
    torch._dynamo.reset()  # torch limits the number of compiled programs per function; models share theirs
    torch.manual_seed(0)
    model = zoo.build({"input": INPUT, **MODELS[request.param]})
    for part in model.modules():
        if isinstance(part, Standardize):  # as training fills it
            part.fill(torch.zeros(3), torch.ones(3))
    return model


def test_training_with_gaps_has_no_graph_break(model):
    def learn(x: Tensor, mask: Tensor | None) -> Tensor:
        return torch.stack(list(model.train()(x, mask).losses.values())).sum()

    x, mask = inputs(4)
    assert torch._dynamo.explain(learn)(x, mask).graph_break_count == 0


def test_tokenizing_is_one_graph_for_cuda_graphs(model):
    """A graph break, or a number needed on the host, would be refused."""
    given = (inputs(1)[0], None)
    with torch.no_grad():
        tokenize = torch.compile(model.eval().tokenize, backend="eager", fullgraph=True)
        torch.testing.assert_close(tokenize(*given), model.tokenize(*given), rtol=1e-4, atol=1e-4)


def test_an_exported_program_gives_the_same_for_any_number_of_windows(model):
    through = Tensors(model.eval())
    batch = {0: torch.export.Dim("batch")}
    with torch.no_grad():
        program = torch.export.export(through, inputs(4), dynamic_shapes=(batch, batch)).module()
        for windows in (1, 9):
            torch.testing.assert_close(program(*inputs(windows)), through(*inputs(windows)), rtol=1e-4, atol=1e-4)
