"""Public VQShape weights for windows of 512 samples, loaded into models for windows of 500."""

from pathlib import Path
from typing import Any

import pytest
import torch
from zoo_registry import TransferSpec

import zoo
from zoo.weights.importing import import_checkpoint
from zoo.weights.transfer import transfer

SHARED = Path(__file__).parents[2] / "../shared"
CHECKPOINTS = [SHARED / "golden/vqshape_tiny.ckpt", SHARED / "weights/vqshape/uea_small.ckpt"]


@pytest.fixture(scope="module", params=CHECKPOINTS, ids=lambda path: path.stem)
def bundle(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not request.param.exists():
        pytest.skip("../shared with public weights is not here")
    folder = tmp_path_factory.mktemp("public") / "bundle"
    zoo.save(import_checkpoint("vqshape", request.param).model, folder)
    return folder


def window_500(bundle: Path, patches: int, patch: int) -> dict[str, Any]:
    spec: dict[str, Any] = zoo.load(bundle).spec.dump()
    spec["input"] = {"channels": 3, "length": 500}
    spec["encoder"] |= {"patches": patches, "patch": patch, "step": None, "tokens": patches}
    return spec


@pytest.mark.parametrize(("patches", "patch"), [(50, 10), (100, 5)])
def test_all_transformers_load_in_full(bundle: Path, patches: int, patch: int) -> None:
    model = zoo.build(window_500(bundle, patches, patch))
    report = transfer(model, TransferSpec(source=str(bundle), policy="resize"))
    stored, here = zoo.load(bundle).state_dict(), model.state_dict()
    assert sorted(row.name or "" for row in report.tensors) == sorted(here)
    assert sorted(row.source or "" for row in report.tensors) == sorted(stored)
    resized = {row.name for row in report.tensors if row.status == "resized"}
    assert resized == {
        "encoder.input_project.weight",
        "encoder.pos_embed.positional_embeddings.weight",
        "encoder.tokenizer.tokens",
        "decoder.out_layer.weight",
        "decoder.out_layer.bias",
    }
    assert {row.status for row in report.tensors} == {"loaded", "resized"}
    assert all(torch.equal(here[name], stored[name]) for name in here.keys() - resized)


@pytest.mark.parametrize(("patches", "patch"), [(50, 10), (100, 5)])
def test_reconstruction_still_works_for_another_window(bundle: Path, patches: int, patch: int) -> None:
    """Rebuilt signals of 500 samples without training: far better than without the resized tensors."""
    if zoo.load(bundle).spec.encoder.dim < 64:
        pytest.skip("these weights were never trained")
    x = torch.sin(torch.linspace(0, 30, 500) + torch.arange(3)[:, None]).expand(4, 3, 500)
    errors = {}
    for policy in ("resize", "fit"):
        torch.manual_seed(0)
        model = zoo.build(window_500(bundle, patches, patch)).eval()
        transfer(model, TransferSpec(source=str(bundle), policy=policy))
        with torch.no_grad():
            errors[policy] = float((model(x).x_recon - x).square().mean())
    assert errors["resize"] < 0.5 * errors["fit"]
