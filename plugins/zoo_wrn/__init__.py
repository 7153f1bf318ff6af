"""zoo-wrn: WideResNets that classify signals, reconstructions and images."""

from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Literal

from pydantic import Field, field_validator
from zoo_registry import HeadSpec, Importer, Shape, ShapeError, hookimpl

from zoo_wrn.sizes import REDUCTION

if TYPE_CHECKING:
    from zoo.contracts import Head


class WideResNetSpec(HeadSpec):
    """Depth and width of a WideResNet, WRN-depth-width in papers (Zagoruyko & Komodakis 2016, arXiv:1605.07146)."""

    depth: int = Field(default=16, ge=10, le=100)
    """Layers of the network, 6n + 4 for n residual blocks in each of its three stages."""

    width: int = Field(default=1, ge=1, le=16)
    """Factor on the 16, 32 and 64 channels of the stages."""

    @field_validator("depth")
    @classmethod
    def _whole_blocks(cls, depth: int) -> int:
        below = depth - (depth - 4) % 6
        if below != depth:
            raise ValueError(f"A depth of 6n + 4, such as {below} or {below + 6}")
        return depth

    @property
    def capacity(self) -> str:
        """Depth and width, such as 16-1."""
        return f"{self.depth}-{self.width}"

    def check(self, x: Shape) -> None:
        """Reject inputs that leave one position in the last stage: batch norm cannot train on a single window."""
        positions = prod(-(-size // REDUCTION) for _, size in x.axes[1:])
        if positions < 2:
            hint = "use longer windows or a larger image"
            raise ShapeError("head", f"more than {REDUCTION} samples, or rows or columns of pixels", str(x), hint)

    def taps(self, x: Shape) -> Mapping[str, Shape]:
        """The outputs of the three stages; each stage after the first halves every axis, rounding up."""
        found = {}
        for stage, reduction in enumerate((1, 2, 4)):
            sizes = {axis: -(-size // reduction) for axis, size in x.axes[1:]}
            found[f"stage{stage + 1}"] = x.replace(c=16 * self.width * 2**stage, **sizes)
        return found


class WideResNetSignal(WideResNetSpec):
    """A 1-D WideResNet on the signal, standardised by the training data's statistics."""

    kind: Literal["wrn.signal"] = "wrn.signal"
    needs = "signal"

    def build(self, x: Shape, classes: int) -> "Head":
        from zoo_wrn.heads import SeriesClassifier, SignalHead

        return SignalHead(SeriesClassifier(x["c"], classes, self.depth, self.width))


class WideResNetRecon(WideResNetSpec):
    """The network of wrn.signal on the reconstruction: how much class information it keeps."""

    kind: Literal["wrn.recon"] = "wrn.recon"
    needs = "recon"

    def build(self, x: Shape, classes: int) -> "Head":
        from zoo_wrn.heads import ReconHead, SeriesClassifier

        return ReconHead(SeriesClassifier(x["c"], classes, self.depth, self.width))


class WideResNetImage(WideResNetSpec):
    """A 2-D WideResNet on an image, standardised by the pixels of the training data's images."""

    kind: Literal["wrn.image"] = "wrn.image"
    needs = "image"

    def build(self, x: Shape, classes: int) -> "Head":
        from zoo_wrn.heads import ImageHead

        return ImageHead(x["c"], classes, self.depth, self.width)


@hookimpl
def zoo_components() -> list[type[HeadSpec]]:
    return [WideResNetSignal, WideResNetRecon, WideResNetImage]


@hookimpl
def zoo_importer() -> Importer:
    """Checkpoints published with teacher-student work on wearable sensors."""
    from zoo_wrn.public import PublicWideResNet

    return PublicWideResNet()
