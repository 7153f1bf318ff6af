"""Tiny models with text, and windows for them."""

from collections.abc import Mapping
from typing import Any

import torch
from tiny import REGISTRY

from zoo.codebook.book import Measured
from zoo.codebook.measure import Windows, measure
from zoo.data.batch import Batch
from zoo.model.assembly import ZooModel
from zoo.model.build import build
from zoo.model.coded import CodedModel
from zoo.testing import adapt
from zoo.texts.filling import with_words

CLASSES = {"drink": ["raise the hand", "lower the hand"], "walk": ["swing the arm", "step"], "rest": ["lie still"]}
NAMES = tuple(CLASSES)


FUSED: Mapping[str, Any] = {"kind": "text.fused", "actions": CLASSES}


LEVELS: Mapping[str, Any] = {"kind": "quantizers.residual", "codes": 4, "levels": 2, "start": "kmeans"}


def worded(text: Mapping[str, Any] | None = FUSED, codes: Mapping[str, Any] | None = None, **parts: Any) -> ZooModel:
    """A model with random weights and ``text``, by default fused with the actions of three classes, and codes from
    k-means of its tokens."""
    torch.manual_seed(0)
    spec = {
        "input": {"channels": 2, "length": 64, "classes": 3, "class_names": list(CLASSES)},
        "encoder": {"kind": "vqshape.encoder", "read": "stretch", "tokens": 6, "dim": 16, "layers": 1, "heads": 2},
        "quantizer": codes or {"kind": "quantizers.ema", "codes": 8, "start": "kmeans"},
        "decoder": {"kind": "vqshape.renderer"},
        "text": text,
    }
    model = build(with_words(REGISTRY.model({**spec, **parts})))
    adapt(model, model.trace.signal)
    (batch, _), coded = windows(36, 2), CodedModel(model.train())
    coded.quantizer.update(coded.encode(batch.x).quantized.stats or {})
    return model.eval()


def windows(count: int = 18, seed: int = 0, masked: bool = False) -> list[Batch]:
    """Two batches of noise; if ``masked``, the second half of the first batch is not observed."""
    torch.manual_seed(seed)
    x, y = torch.randn(count, 2, 64), torch.arange(count) % 3
    mask = torch.ones(count, 2, 64, dtype=torch.bool)
    mask[: count // 2, :, 32:] = False
    halves = torch.arange(count).split(count // 2)
    return [Batch(x[rows], mask[rows] if masked else None, y[rows], rows) for rows in halves]


def said(model: ZooModel, split: list[Batch] | None = None) -> Measured:
    """All measures of a model on such windows."""
    split = windows() if split is None else split
    return measure(model, Windows("test", split, split[:1], windows(12, 1)), NAMES)


@torch.no_grad()
def choosing(model: ZooModel) -> ZooModel:
    """``model`` with attention and names that depend on how a token differs from the mean of all, and strongly."""
    assert model.text is not None
    mean = CodedModel(model).encode(windows()[0].x).tokens.values.mean((0, 1, 2))
    unit = mean / mean.norm()
    for name in ("to_signal.q.weight", "namer.0.weight", "namer.2.weight"):
        weight = model.text.get_parameter(name)
        weight.copy_(1000 * (weight if name.startswith("namer.2") else weight - torch.outer(weight @ unit, unit)))
    return model
