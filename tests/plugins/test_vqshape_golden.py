"""VQShape with weights of the public release computes what the public model computes with them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor
from zoo_registry import Registry
from zoo_vqshape.decoder import VQShapeDecoder

from zoo import ZooModel
from zoo.contracts import Output

SHARED = Path(__file__).parents[2] / "../shared"
CHECKPOINTS = {
    "vqshape_tiny": SHARED / "golden/vqshape_tiny.ckpt",
    "vqshape_uea_small": SHARED / "weights/vqshape/uea_small.ckpt",
}
HOMES = {
    "encoder": "encoder",
    "tokenizer": "encoder.tokenizer",
    "attr_decoder": "encoder.attr_decoder",
    "codebook": "quantizer",
    "attr_encoder": "decoder.attr_encoder",
    "decoder": "decoder",
    "shape_decoder": "decoder.shapes",
}


class Golden(NamedTuple):
    """A public checkpoint in our model, and what the public model computes with it."""

    model: ZooModel
    arrays: Mapping[str, np.ndarray]

    def tensor(self, name: str) -> Tensor:
        return torch.from_numpy(self.arrays[name])

    def x(self) -> Tensor:
        return self.tensor("x").unsqueeze(1)


def spec_of(h: Mapping[str, Any]) -> dict[str, Any]:
    encoder = {
        "kind": "vqshape.encoder",
        "patches": h["num_patch"],
        "patch": h["patch_size"],
        "tokens": h["num_token"],
        "dim": h["dim_embedding"],
        "heads": h["num_transformer_enc_heads"],
        "layers": h["num_transformer_enc_layers"],
        "tokenizer_heads": h["num_tokenizer_heads"],
        "tokenizer_layers": h["num_tokenizer_layers"],
        "code_dim": h["dim_code"],
        "mask_ratio": h["mask_ratio"],
        "shortest": 1 / 64,
    }
    quantizer = {
        "kind": "vqshape.codebook",
        "codes": h["num_code"],
        "codebook_weight": h["lambda_vq_commit"],
        "entropy_weight": h["lambda_vq_entropy"],
        "entropy_gamma": h["entropy_gamma"],
    }
    decoder = {
        "kind": "vqshape.decoder",
        "dim": h["dim_embedding"],
        "heads": h["num_transformer_dec_heads"],
        "layers": h["num_transformer_dec_layers"],
        "shape_samples": h["len_s"],
        "smooth": h["s_smooth_factor"],
    }
    signal = {"channels": 1, "length": h["normalize_length"]}
    return {"input": signal, "encoder": encoder, "quantizer": quantizer, "decoder": decoder}


def renamed(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    parts = {name: name.removeprefix("model.").partition(".") for name in state}
    return {f"{HOMES[head]}.{rest}": state[name] for name, (head, _, rest) in parts.items()}


@pytest.fixture(scope="module", params=sorted(CHECKPOINTS))
def golden(request: pytest.FixtureRequest) -> Golden:
    checkpoint, arrays = CHECKPOINTS[request.param], SHARED / f"golden/{request.param}.npz"
    if not (checkpoint.exists() and arrays.exists()):
        pytest.skip("../shared with the golden files is not here")
    stored = torch.load(checkpoint, weights_only=True, map_location="cpu")
    model = ZooModel(Registry.discover().model(spec_of(stored["hyper_parameters"])))
    model.load_state_dict(renamed(stored["state_dict"]), strict=True)
    return Golden(model.eval(), np.load(arrays))


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
    counts = torch.stack([row.bincount(minlength=golden.arrays["histogram"].shape[1]) for row in codes])
    assert torch.equal(counts, golden.tensor("histogram"))
    close(output.quantized.values, golden.tensor("evaluate.code"))


def test_tokens_and_attributes(golden: Golden, output: Output) -> None:
    assert output.coded is not None
    assert output.attributes is not None
    close(output.coded.features(), golden.tensor("token"))
    for name, found in zip(["t", "l", "mu", "sigma"], output.attributes, strict=True):
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
    """The public model embeds the observed patches only; here the others are masked, which must come to the same."""
    if "forecast.x_pred" not in golden.arrays:
        pytest.skip("this golden file holds no forecast")
    x = golden.x()
    observed = torch.zeros_like(x, dtype=torch.bool)
    observed[..., : x.shape[-1] // 2] = True
    with torch.no_grad():
        close(golden.model(x, observed).x_recon, golden.tensor("forecast.x_pred"))
