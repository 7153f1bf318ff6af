"""Cost of text: a training step with it and without, and inference, which never reads it."""

import pytest
import torch
from devices import Measure
from torch import Tensor
from zoo_registry import Registry

from zoo.model.assembly import ZooModel
from zoo.model.build import build

CHANNELS, LENGTH, CLASSES, ACTIONS, BATCH = 3, 500, 14, 5, 64
WORDS = {f"class {label}": [f"do part {label} of {part}" for part in range(ACTIONS)] for label in range(CLASSES)}
WHO = ["without text", "with text"]


def vqshape(who: str) -> ZooModel:
    """A VQShape of width 64 on windows of 3 x 500, in the published form, with or without five actions per class."""
    sizes = {"dim": 64, "heads": 4, "layers": 2}
    parts = {
        "input": {"channels": CHANNELS, "length": LENGTH, "classes": CLASSES},
        "encoder": {
            "kind": "vqshape.encoder",
            "read": "query",
            "place": "free",
            "level": "learned",
            "patches": 50,
            **sizes,
        },
        "quantizer": {"kind": "vqshape.codebook", "codes": 64},
        "decoder": {"kind": "vqshape.decoder", "dim": 64, "heads": 4, "layers": 1},
        "text": {"kind": "text.fused", "actions": WORDS, "width": 384} if who == "with text" else None,
    }
    torch.manual_seed(0)
    model = build(Registry.discover().model(parts))
    if model.text is not None and model.text.table is not None:
        table = model.text.table
        table.rows.normal_()
        table.numbers.copy_(torch.arange(CLASSES * ACTIONS).view(CLASSES, ACTIONS))
        table.present.fill_(True)
        table.mark_filled()
    return model


@pytest.mark.parametrize("who", WHO)
def test_training_step_with_text(measure: Measure, device: torch.device, who: str) -> None:
    """One step of a VQShape of width 64 on 64 windows of 3 x 500, with vectors of 384 numbers."""
    model = vqshape(who).to(device)
    x, y = torch.randn(BATCH, CHANNELS, LENGTH, device=device), torch.randint(CLASSES, (BATCH,), device=device)
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)

    def step() -> Tensor:
        optimizer.zero_grad()
        loss = torch.stack(list(model(x, None, y).losses.values())).sum()
        loss.backward()
        optimizer.step()
        return loss.detach()

    found = measure(f"training step, {BATCH} windows of 3 x 500, VQShape D 64", who, step, windows=BATCH)
    assert isinstance(found, Tensor)
    assert found.isfinite()


@pytest.mark.parametrize("who", WHO)
def test_inference_of_a_model_with_text(measure: Measure, device: torch.device, who: str) -> None:
    """Reconstruction of the same windows."""
    model = vqshape(who).to(device).eval()
    x = torch.randn(BATCH, CHANNELS, LENGTH, device=device)

    @torch.no_grad()
    def work() -> Tensor:
        found: Tensor | None = model(x).x_recon
        assert found is not None
        return found

    measure(f"reconstruction, {BATCH} windows of 3 x 500, VQShape D 64", who, work, windows=BATCH)
