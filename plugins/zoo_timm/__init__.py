"""zoo-timm: backbones of timm (PyTorch Image Models) on images of a signal."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field
from zoo_registry import EncoderSpec, HeadSpec, Shape, hookimpl

if TYPE_CHECKING:
    from zoo.contracts import Encoder, Head

TAPS = 3
"""Feature maps that distillation compares, the last ones of a backbone."""

# Plain names only: a prefix would download from a hub, and a tag selects weights.
Backbone = Annotated[str, Field(pattern=r"^[a-z0-9_]+$", max_length=80)]


class TimmEncoder(EncoderSpec):
    """Last feature map of a timm backbone as tokens, row by row; starts from random weights.

    The map is averaged to ``grid`` x ``grid`` cells and projected to ``dim``, so that the fields alone determine the
    shape of the tokens, for every backbone.
    """

    kind: Literal["timm.encoder"] = "timm.encoder"
    reads = "c h w"

    backbone: Backbone = "mobilenetv3_small_050"
    """Name of a model in timm, without a tag for its weights."""

    grid: int = Field(default=2, ge=1, le=64)
    """Rows and columns of cells, each a token; at most those of the backbone's last feature map."""

    dim: int = Field(default=64, ge=1, le=4096)
    """Width of a token."""

    def output(self, x: Shape) -> Shape:
        x.require("c h w", f"encoder {self.kind}", "give it an image")
        return Shape.of("c n d", 1, self.grid * self.grid, self.dim)

    def build(self, x: Shape) -> "Encoder":
        from zoo_timm.backbones import FeatureMap
        from zoo_timm.encoder import ImageEncoder

        return ImageEncoder(FeatureMap(self.backbone, x), self.grid, self.dim)


class TimmClassifier(HeadSpec):
    """A whole timm model as image classifier; starts from random weights."""

    kind: Literal["timm.classifier"] = "timm.classifier"
    needs = "image"

    backbone: Backbone = "mobilenetv3_small_050"
    """Name of a model in timm, without a tag for its weights."""

    @property
    def capacity(self) -> str:
        """The name of the backbone."""
        return self.backbone

    def taps(self, x: Shape) -> Mapping[str, None]:
        """The feature maps of the backbone's last stages."""
        return dict.fromkeys([f"stage{stage + 1}" for stage in range(TAPS)])

    def build(self, x: Shape, classes: int) -> "Head":
        from zoo_timm.backbones import class_layers, create_classifier
        from zoo_timm.classifier import ImageClassifier

        return ImageClassifier(create_classifier(self.backbone, x, classes), class_layers(self.backbone), TAPS)


@hookimpl
def zoo_components() -> list[type[EncoderSpec] | type[HeadSpec]]:
    return [TimmEncoder, TimmClassifier]
