"""Speed of drawing series from shapes, against weighing every token at every sample."""

from collections.abc import Callable

import pytest
import torch
from devices import Measure
from torch import Tensor
from zoo_registry import Shape
from zoo_vqshape import VQShapeEncoderSpec
from zoo_vqshape.attributes import stretch_attributes
from zoo_vqshape.renderer import overlap_add

from zoo.contracts import Tokens

WINDOWS, CHANNELS, LENGTH, SAMPLES = 64, 3, 500, 128
DIRECT = "every token at every sample"


def tokens(places: str, device: torch.device) -> Tokens:
    """Those of the default encoder, or as many at places of their own, a tenth of a series long."""
    shape = Shape.of("c t", CHANNELS, LENGTH)
    encoder = VQShapeEncoderSpec().build(shape)
    found: Tokens = encoder(torch.randn(WINDOWS, CHANNELS, LENGTH))
    if places == "free":
        size = found.values.shape[:3]
        mu, sigma = (found.attributes[name] for name in ("mu", "sigma"))
        places_alone = 0.9 * torch.rand(size), torch.full(size, 0.1)
        found = Tokens(found.values, None, stretch_attributes(*places_alone, mu, sigma))
    attributes = {name: value.detach().to(device) for name, value in found.attributes.items()}
    return found._replace(values=found.values.detach().to(device), attributes=attributes)


def directly(shapes: Tensor, given: Tokens, length: int) -> Tensor:
    """The formula of the renderer for `shapes (b c n s)`, with weights `(b c n t)`."""
    sample = torch.arange(length, device=shapes.device)
    start, share = (given.attributes[name].unsqueeze(-1).float() for name in ("t", "l"))
    begin, end = start * (length - 1), (start + share).clamp(max=1) * (length - 1)
    along = (sample - begin) / (end - begin)
    weight = torch.sin(torch.pi * along.clamp(0, 1)).square() + 1e-3
    weight = weight * ((sample >= begin - 1e-3) & (sample <= end + 1e-3))
    place = along.clamp(0, 1) * (shapes.shape[-1] - 1)
    left = place.long().clamp(max=shapes.shape[-1] - 2)
    value = torch.lerp(shapes.gather(-1, left), shapes.gather(-1, left + 1), place - left)
    level = given.attributes["mu"].mean(-1, keepdim=True)
    total = weight.sum(2)
    return torch.where(total > 0, (weight * value).sum(2) / total.clamp(min=1e-9), level)


FORMS: dict[str, Callable[[Tensor, Tokens, int], Tensor]] = {"zoo": overlap_add, DIRECT: directly}


def step(draw: Callable[[Tensor, Tokens, int], Tensor], shapes: Tensor, given: Tokens) -> Tensor:
    """The gradient of the mean square of the series."""
    (found,) = torch.autograd.grad(draw(shapes, given, LENGTH).square().mean(), shapes)
    return found


@pytest.mark.parametrize("who", FORMS)
@pytest.mark.parametrize("call", ["forward", "step"])
@pytest.mark.parametrize("places", ["known", "free"])
def test_rendering(measure: Measure, device: torch.device, places: str, call: str, who: str) -> None:
    """Series from shapes, or their gradient; known places are the same in every series."""
    given = tokens(places, device)
    shapes = torch.randn(*given.values.shape[:3], SAMPLES, device=device, requires_grad=call == "step")

    def work(draw: Callable[[Tensor, Tokens, int], Tensor]) -> Tensor:
        return step(draw, shapes, given) if call == "step" else draw(shapes, given, LENGTH)

    number = given.values.shape[2]
    case = f"rendering {call}, {WINDOWS} windows of 3 x 500, {number} tokens at {places} places"
    found = measure(case, who, lambda: work(FORMS[who]), windows=WINDOWS)
    assert isinstance(found, Tensor)
    torch.testing.assert_close(found, work(directly), rtol=1e-3, atol=1e-3 * float(found.abs().max()))
