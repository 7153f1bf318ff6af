"""Faults of images that are cached: read later, they would differ from images that are made."""

from typing import ClassVar, Literal

import pytest
from torch import Tensor
from zoo_registry import ImageSpec, Shape

from zoo.contracts import Image
from zoo.testing import check_component


class Outer(Image):
    """The product of all pairs of samples of a channel, without a gradient."""

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        x = (x if mask is None else x * mask).detach()
        return x[..., None] * x[..., None, :]


class OfItsBatch(Outer):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        images = super().forward(x, mask)
        return images - images.mean(0)


class WithGradient(Outer):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        x = x if mask is None else x * mask
        return x[..., None] * x[..., None, :]


class OuterSpec(ImageSpec):
    """The product of all pairs of samples of a channel."""

    cached: ClassVar[bool] = True
    made: ClassVar[type[Image]] = Outer

    kind: Literal["toy.outer"] = "toy.outer"

    def output(self, x: Shape) -> Shape:
        return Shape.of("c h w", x["c"], x["t"], x["t"])

    def build(self, x: Shape) -> Image:
        return self.made()


def test_a_sound_image_passes():
    check_component(OuterSpec())


@pytest.mark.parametrize(
    ("module", "message"),
    [(OfItsBatch, "an image depends on the rest of its batch"), (WithGradient, "cached images have no gradient")],
)
def test_a_fault_of_a_cached_image(monkeypatch, module, message):
    monkeypatch.setattr(OuterSpec, "made", module)
    with pytest.raises(AssertionError, match=f"^toy.outer: {message}"):
        check_component(OuterSpec())


def test_an_image_that_is_not_cached_may_have_a_gradient(monkeypatch):
    monkeypatch.setattr(OuterSpec, "made", WithGradient)
    monkeypatch.setattr(OuterSpec, "cached", False)
    check_component(OuterSpec())
