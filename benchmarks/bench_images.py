"""Speed of images of a signal, against pyts, and against ripser with persim."""

import pytest
import torch
from devices import Measure
from peers import PERSISTENCE, PYTS, library_field, library_persistence
from torch import Tensor, nn
from zoo_registry import ImageSpec, Registry, Shape

REGISTRY = Registry.discover()
CHANNELS, LENGTH, SIZE = 3, 500, 64
FIELDS, PERSISTENT = 256, 16
GRID = {"low": -10.0, "high": 10.0, "spread": 0.25, "threshold": 0.001}


def windows(kind: str, number: int) -> Tensor:
    """Windows of noise, or of walks, whose diagrams have about half as many points."""
    x = torch.randn(number, CHANNELS, LENGTH)
    return x if kind == "noise" else x.cumsum(-1) / 10


def built(kind: str, **fields: object) -> nn.Module:
    """The image ``kind`` for these windows."""
    spec = REGISTRY.find(kind, "image").model_validate({"size": SIZE, **fields})
    assert isinstance(spec, ImageSpec)
    image: nn.Module = spec.build(Shape.of("c t", CHANNELS, LENGTH))
    return image


@pytest.mark.parametrize("who", ["zoo", PYTS, f"{PYTS}, window by window"])
def test_gramian_angular_field(measure: Measure, device: torch.device, who: str) -> None:
    """Summation fields of 64 x 64 pixels."""
    if device.type != "cpu":
        pytest.skip("pyts runs on a CPU")
    x = windows("walks", FIELDS)
    image = built("images.gaf")
    peer = library_field(SIZE, 1 if "window" in who else FIELDS)
    make = image if who == "zoo" else peer
    found = measure(f"GAF, {FIELDS} windows of 3 x 500", who, lambda: make(x), windows=FIELDS)
    assert isinstance(found, Tensor)
    torch.testing.assert_close(found, image(x), rtol=0, atol=1e-6)


@pytest.mark.parametrize("who", ["zoo", PERSISTENCE])
@pytest.mark.parametrize("content", ["walks", "noise"])
def test_persistence_image(measure: Measure, device: torch.device, content: str, who: str) -> None:
    """Persistence images of 64 x 64 pixels."""
    if device.type != "cpu":
        pytest.skip("ripser and persim run on a CPU")
    x = windows(content, PERSISTENT)
    image = built("images.persistence", scale="none", **GRID)
    make = image if who == "zoo" else library_persistence(SIZE, **GRID)
    case = f"persistence image, {PERSISTENT} windows of {content}, 3 x 500"
    found = measure(case, who, lambda: make(x), windows=PERSISTENT)
    assert isinstance(found, Tensor)
    torch.testing.assert_close(found, image(x), rtol=0, atol=1e-5)
