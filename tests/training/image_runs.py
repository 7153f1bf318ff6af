"""Small runs on persistence images, and what must hold for their cache."""

from pathlib import Path
from typing import Any

import torch
from zoo_registry import Registry

from zoo.model.build import build
from zoo.training.data import load_data
from zoo.training.statistics import fill_statistics

IMAGE = {"kind": "images.persistence", "preset": "geneactiv", "size": 8}
MODEL = {"image": IMAGE, "head": {"kind": "wrn.image", "depth": 10}}


def run_on(windows: Path, image: dict[str, Any] = IMAGE, **data: Any):
    source = {"kind": "data.npy", "path": str(windows), "layout": "c t"}
    return Registry.discover().run(
        {"model": MODEL | {"image": image}, "data": {"source": source, **data}, "training": {"epochs": 2, "batch": 6}}
    )


def filled(run):
    """The model of ``run`` at the start of its training, and its data."""
    data = load_data(run)
    model = build(run.with_input(data.data.input).model)
    fill_statistics(model, data)
    return model, data.data


def tensors(split):
    x, mask = split.read(slice(None))
    return torch.from_numpy(x), None if mask is None else torch.from_numpy(mask)


def require_found(model, data) -> None:
    """Training and validation windows get the images that ``model.image`` makes, without making them."""
    expected = [model.image(*tensors(split)) for split in (data.train, data.validation)]
    made = model.image.forward
    model.image.forward = None
    for split, images in zip((data.train, data.validation), expected, strict=True):
        assert torch.equal(model.cached.of(model.image, *tensors(split)), images)
    model.image.forward = made
