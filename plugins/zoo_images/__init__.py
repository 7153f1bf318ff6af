"""zoo-images: images of a signal, for image networks."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, model_validator
from zoo_registry import ImageSpec, Shape, ShapeError, SpecError, hookimpl

from zoo_images.grid import PRESETS, Grid, Preset, Scale

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


class PersistenceDiagram(ImageSpec):
    """Persistence image of the sublevel sets of each channel (Adams et al. 2017, JMLR 18(8)).

    ``preset`` names published numbers; other fields replace them. Hidden samples leave the series: their neighbours
    become neighbours.
    """

    cached: ClassVar[bool] = True

    kind: Literal["images.persistence"] = "images.persistence"
    size: int = Field(default=64, ge=_SMALLEST, le=256)
    """Rows and columns of the image, in pixels."""

    preset: Preset = "pamap2"
    """pamap2: scale range, -1 to 1, spread .015, threshold .01. geneactiv: scale standard, -10 to 10, spread .25,
    threshold .001; its numbers are recalled from publications, and that its input was standardised is likely, not
    certain."""

    scale: Scale | None = None
    """What the diagram is taken of, null = the preset's. none: the signal in its unit. standard: standardised by the
    training data. range: scaled to [0, 1] by the range of the training data. It goes with low and high."""

    low: float | None = Field(default=None, ge=-1e6, le=1e6)
    """Least birth of the grid, in the unit that scale leaves; above 0 counts as 0. null = the preset's."""

    high: float | None = Field(default=None, gt=0, le=1e6)
    """Largest birth and largest lifetime of the grid, in that unit. null = the preset's."""

    spread: float | None = Field(default=None, gt=0, le=1e6)
    """Standard deviation of the Gaussian around a point, in that unit. null = the preset's."""

    threshold: float | None = Field(default=None, ge=0, le=1e6)
    """Lifetime that a point must exceed, in that unit. null = the preset's."""

    @model_validator(mode="after")
    def _range_of_the_scale(self) -> "PersistenceDiagram":
        group = {"scale": self.scale, "low": self.low, "high": self.high}
        missing = [name for name, value in group.items() if value is None]
        if 0 < len(missing) < len(group):
            hint = f"set {' and '.join(missing)} too, or leave all three to the preset"
            raise SpecError("image", "scale, low and high together", f"no {' and no '.join(missing)}", hint)
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise SpecError("image.low", f"less than high, {self.high:g}", f"{self.low:g}", "exchange them")
        return self

    @property
    def grid(self) -> Grid:
        """The preset with the fields that are set."""
        given = {name: getattr(self, name) for name in Grid._fields}
        return PRESETS[self.preset]._replace(**{name: value for name, value in given.items() if value is not None})

    def output(self, x: Shape) -> Shape:
        x.require("c t", f"image {self.kind}", "give it a signal")
        return Shape.of("c h w", x["c"], self.size, self.size)

    def build(self, x: Shape) -> "Image":
        from zoo_images.persistence import PersistenceImage

        return PersistenceImage(x["c"], self.size, self.grid)


@hookimpl
def zoo_components() -> list[type[ImageSpec]]:
    return [GramianAngularField, PersistenceDiagram]
