"""zoo-images: images of a signal, for image networks."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field
from zoo_registry import ImageSpec, Shape, ShapeError, hookimpl

if TYPE_CHECKING:
    from zoo.contracts import Image

_SMALLEST = 8


class GramianAngularField(ImageSpec):
    """Gramian angular field of each channel (Wang & Oates 2015, arXiv:1506.00327)."""

    kind: Literal["images.gaf"] = "images.gaf"
    size: int = Field(default=64, ge=_SMALLEST, le=256)
    """Rows and columns of the image, in pixels: the segments that each channel is averaged to."""

    method: Literal["summation", "difference"] = "summation"
    """summation: cos(phi_i + phi_j), whose diagonal keeps the channel. difference: sin(phi_i − phi_j)."""

    def output(self, x: Shape) -> Shape:
        x.require("c t", f"image {self.kind}", "give it a signal")
        if x["t"] < self.size:
            hint = f"set size to at most {x['t']}" if x["t"] >= _SMALLEST else f"use windows of {_SMALLEST} or more"
            raise ShapeError("image.size", f"at most the signal's {x['t']} samples", str(self.size), hint)
        return Shape.of("c h w", x["c"], self.size, self.size)

    def build(self, x: Shape) -> "Image":
        from zoo_images.gramian import GramianAngularImage

        return GramianAngularImage(x["t"], self.size, self.method)


@hookimpl
def zoo_components() -> list[type[ImageSpec]]:
    return [GramianAngularField]
