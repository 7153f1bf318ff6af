"""Cost of teachers in a training step: with stored predictions, with their networks, and without them."""

from pathlib import Path

import pytest
import torch
from devices import Measure
from torch import Tensor
from zoo_registry import Registry

from zoo.contracts import gram
from zoo.data.batch import Batch
from zoo.model.assembly import ZooModel
from zoo.model.build import build
from zoo.teachers.distillation import Distillation
from zoo.teachers.predictions import Predictions, features
from zoo.teachers.teach import Taught

CHANNELS, LENGTH, CLASSES, BATCH, WINDOWS, SIZE = 3, 500, 14, 64, 256, 32
INPUT = {"channels": CHANNELS, "length": LENGTH, "classes": CLASSES}
SIGNAL = {"head": {"kind": "wrn.signal"}}
TEACHERS = {
    "signal": SIGNAL,
    "persistence": {"image": {"kind": "images.persistence", "size": SIZE}, "head": {"kind": "wrn.image"}},
    "gramian": {"image": {"kind": "images.gaf", "size": SIZE}, "head": {"kind": "wrn.image"}},
}


def network(parts: dict[str, object]) -> ZooModel:
    """A network with statistics of its input, in evaluation mode."""
    model = build(Registry.discover().model({"input": INPUT, **parts}))
    for module in model.modules():
        if "filled" in dict(module.named_buffers(recurse=False)):
            module.get_buffer("filled").fill_(True)
    return model.eval().requires_grad_(False)


def school(x: Tensor, y: Tensor, kept: bool) -> Distillation:
    """Logits and maps of three teachers; ``kept`` maps are those of all windows, else their networks make them."""
    whole, found = Batch(x, None, y, torch.arange(WINDOWS)), []
    for name, parts in TEACHERS.items():
        model = network(parts)
        with torch.no_grad():
            logits = model(x).logits
            maps = torch.stack([gram(part) for part in features(model, whole)]).numpy() if kept else None
        found.append(Predictions(name, logits, logits, None, False, maps, None if kept else model))
    run = {
        "model": {"input": INPUT, **SIGNAL},
        "data": {"source": {"kind": "data.npy", "path": str(Path(".")), "layout": "c t"}},
        "teachers": {name: name for name in TEACHERS},
        "distill": [{"kind": "distill.logits"}, {"kind": "distill.similarity"}],
    }
    weights = torch.full((len(TEACHERS), WINDOWS), 1 / len(TEACHERS))
    return Distillation(Registry.discover().run(run), Taught(tuple(found), weights))


@pytest.mark.parametrize("who", ["student alone", "three teachers, stored", "three teachers, in the step"])
def test_training_step_with_teachers(measure: Measure, device: torch.device, who: str) -> None:
    """One step of a WRN16-1 on 64 windows of 3 x 500, with logits and similarity maps of three teachers."""
    if device.type != "cpu":
        pytest.skip("measured on a CPU")
    torch.manual_seed(0)
    x, y = torch.randn(WINDOWS, CHANNELS, LENGTH), torch.randint(CLASSES, (WINDOWS,))
    student = network(SIGNAL).train().requires_grad_()
    taught = None if who == "student alone" else school(x, y, "stored" in who)
    optimizer = torch.optim.SGD(student.parameters(), lr=1e-3)
    rows = torch.randperm(WINDOWS)[:BATCH]
    batch = Batch(x[rows], None, y[rows], rows)

    def step() -> Tensor:
        optimizer.zero_grad()
        output = student(batch.x, None, batch.y, taught is not None)
        terms = dict(output.losses) | ({} if taught is None else taught(output, batch))
        loss = torch.stack(list(terms.values())).sum()
        loss.backward()
        optimizer.step()
        return loss.detach()

    found = measure(f"training step, {BATCH} windows of 3 x 500, WRN16-1", who, step, windows=BATCH)
    assert isinstance(found, Tensor)
    assert found.isfinite()
