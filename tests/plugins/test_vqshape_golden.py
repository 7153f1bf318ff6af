"""VQShape with weights of the public release gives the outputs of the public model."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor
from zoo_vqshape.decoder import VQShapeDecoder

from zoo import ZooModel
from zoo.contracts import Output
from zoo.weights.importing import import_checkpoint

SHARED = Path(__file__).parents[2] / "../shared"
CHECKPOINTS = {
    "vqshape_tiny": SHARED / "golden/vqshape_tiny.ckpt",
    "vqshape_uea_small": SHARED / "weights/vqshape/uea_small.ckpt",
}


class Golden(NamedTuple):
    """A public checkpoint in our model, and the outputs of the public model for it."""

    model: ZooModel
    arrays: Mapping[str, np.ndarray]

    def tensor(self, name: str) -> Tensor:
        return torch.from_numpy(self.arrays[name])

    def x(self) -> Tensor:
        return self.tensor("x").unsqueeze(1)


@pytest.fixture(scope="module", params=sorted(CHECKPOINTS))
def golden(request: pytest.FixtureRequest) -> Golden:
    checkpoint, arrays = CHECKPOINTS[request.param], SHARED / f"golden/{request.param}.npz"
    if not (checkpoint.exists() and arrays.exists()):
        pytest.skip("../shared with the golden files is not here")
    return Golden(import_checkpoint("vqshape", checkpoint).model, np.load(arrays))


@pytest.fixture(scope="module")
def output(golden: Golden) -> Output:
    with torch.no_grad():
        found: Output = golden.model(golden.x())
    return found


def close(found: Tensor | None, expected: Tensor, atol: float = 1e-5) -> None:
    assert found is not None
    scale = max(1.0, float(expected.abs().max()))
    torch.testing.assert_close(found.reshape(expected.shape), expected, rtol=0, atol=atol * scale)


def test_reconstruction_and_shapes(golden: Golden, output: Output) -> None:
    close(output.x_recon, golden.tensor("evaluate.x_pred"))
    close(output.shapes, golden.tensor("evaluate.s_pred"))


def test_codes_exactly(golden: Golden, output: Output) -> None:
    assert output.quantized is not None
    codes = output.quantized.codes.squeeze(-1).squeeze(1)
    assert torch.equal(codes, golden.tensor("evaluate.code_idx"))
    close(output.quantized.values, golden.tensor("evaluate.code"))


def test_token_and_histogram_representations(golden: Golden) -> None:
    found = golden.model.tokenize(golden.x())
    close(found.tokens, golden.tensor("token"))
    assert found.histogram is not None
    assert torch.equal(found.histogram.flatten(1), golden.tensor("histogram"))


def test_attributes(golden: Golden, output: Output) -> None:
    assert list(output.attributes) == ["t", "l", "mu", "sigma"]
    for name, found in output.attributes.items():
        close(found, golden.tensor(f"evaluate.{name}_pred"))


@pytest.mark.parametrize(
    ("term", "public"), [("x", "ts_loss"), ("z", "vq_loss"), ("s", "shape_loss"), ("dist", "dist_loss")]
)
def test_losses_in_the_units_of_the_input(golden: Golden, output: Output, term: str, public: str) -> None:
    expected = golden.tensor(f"loss.{public}").squeeze()
    torch.testing.assert_close(output.losses[term], expected, rtol=1e-5, atol=0)


def test_true_stretches(golden: Golden, output: Output) -> None:
    if "evaluate.s_true" not in golden.arrays:
        pytest.skip("this golden file holds no true stretches")
    decoder, tokens, expected = golden.model.decoder, output.coded, golden.tensor("evaluate.s_true")
    assert isinstance(decoder, VQShapeDecoder)
    assert tokens is not None
    true, observed = decoder.targets(tokens, golden.x(), None, expected.shape[-1])
    close(true, expected, atol=1e-4)
    assert observed is None


def test_a_forecast_is_a_mask_over_the_future(golden: Golden) -> None:
    """The public model embeds only the observed patches; here the others are masked, which must give the same."""
    if "forecast.x_pred" not in golden.arrays:
        pytest.skip("this golden file holds no forecast")
    x, public = golden.x(), golden.tensor("forecast.x_pred")
    with torch.no_grad():
        close(golden.model.forecast(x, x.shape[-1] // 2), public)
        close(golden.model.forecast(x[..., : x.shape[-1] // 2], x.shape[-1] // 2), public)
