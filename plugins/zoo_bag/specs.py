"""Specs of the two bag-of-shapes heads."""

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, field_validator
from zoo_registry import HeadSpec, Shape, ShapeError

from zoo_bag.layout import Layout

if TYPE_CHECKING:
    from zoo.contracts import Head

_MOST_FEATURES, _MOST_NUMBERS = 2**24, 2**26
_LEAST_SAMPLES = 4


class BagSpec(HeadSpec):
    """What a bag of shapes counts; docs/bag.md has the formula."""

    linear: ClassVar[bool] = True

    samples: int = Field(default=16, ge=_LEAST_SAMPLES, le=256)
    """Samples of a stretch, at every scale; fewer if the window is shorter."""

    scales: tuple[Annotated[int, Field(ge=1, le=1024)], ...] = Field(
        default=(1, 2, 4, 8, 16), min_length=1, max_length=16
    )
    """Samples of the signal that are averaged to one sample of a stretch; scales too long for a window are left out."""

    places: int = Field(default=125, ge=1, le=4096)
    """Number of steps in a window; a stretch starts at each step where it fits, at every sample of a short window."""

    codes: tuple[Annotated[int, Field(ge=2, le=4096)], ...] = Field(default=(64, 512), min_length=1, max_length=4)
    """Sizes of the codebooks; every kind and scale has one codebook of each size, unless they are shared."""

    joint: bool = True
    """Whether codes of all channels together are counted in addition to those of each channel."""

    shared: bool = False
    """Whether all scales count with the same codebooks, which then fit windows of any length."""

    level: tuple[Annotated[int, Field(ge=0, le=64)], ...] = Field(default=(16, 8), min_length=2, max_length=2)
    """Cells of the histogram of a stretch's mean and of its deviation, per channel and scale; 0 leaves it out."""

    nearest: int = Field(default=8, ge=1, le=16)
    """Number of nearest codes that share a stretch's vote; with 1 only the nearest counts, and there is no gradient."""

    temperature: float = Field(default=0.1, gt=0, le=10)
    """Squared distance per sample at which a code's share falls by a factor of e; smaller values make harder
    choices."""

    floor: float = Field(default=0.2, gt=0, le=10)
    """Deviation below which a stretch counts as nearly flat, in deviations of the channel in the training data."""

    @field_validator("level")
    @classmethod
    def _several(cls, level: tuple[int, ...]) -> tuple[int, ...]:
        if 1 in level:
            raise ValueError("0, or 2 cells or more")
        return level

    def layout(self, x: Shape) -> Layout:
        """The layout of the features for windows `c t`."""
        means, deviations = self.level
        level = (means, deviations)
        sizes = self.samples, self.scales, self.places, self.codes
        return Layout.of(x["c"], x["t"], *sizes, self.joint, level, self.shared)

    def check(self, x: Shape) -> None:
        layout = self.layout(x)
        if layout.samples < _LEAST_SAMPLES:
            found = f"{x['t']} at scale {min(self.scales)}"
            raise ShapeError("head", f"windows of {_LEAST_SAMPLES} samples or more", found, "use longer windows")
        if layout.features > _MOST_FEATURES:
            found = f"{layout.features} of {x}"
            raise ShapeError("head", f"{_MOST_FEATURES} features at most", found, "lower codes, scales or level")
        if layout.numbers > _MOST_NUMBERS:
            found = f"{layout.numbers} for {x}"
            raise ShapeError("head", f"codebooks of {_MOST_NUMBERS} numbers at most", found, "lower codes or scales")


class BagSignal(BagSpec):
    """A linear map of how often each shape occurs in the signal, at several scales, and of the levels and
    deviations."""

    kind: Literal["bag.signal"] = "bag.signal"
    needs = "signal"

    def build(self, x: Shape, classes: int) -> "Head":
        from zoo_bag.heads import SignalHead

        return SignalHead(self, x, classes)


class BagRecon(BagSpec):
    """The head of bag.signal on the reconstruction: how much class information its shapes and levels keep."""

    kind: Literal["bag.recon"] = "bag.recon"
    needs = "recon"

    def build(self, x: Shape, classes: int) -> "Head":
        from zoo_bag.heads import ReconHead

        return ReconHead(self, x, classes)
