"""Channel fusions: none, concatenation, mean, convolution, or attention between tokens."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, field_validator
from zoo_registry import FusionSpec, Shape, ShapeError, hookimpl

if TYPE_CHECKING:
    from zoo.contracts import Fusion

_LONGEST = 1_000_000


class Channelwise(FusionSpec):
    """Every channel is a separate series."""

    channelwise: ClassVar[bool] = True

    kind: Literal["fusion.channelwise"] = "fusion.channelwise"

    def output(self, x: Shape) -> Shape:
        return x

    def build(self, x: Shape, tokens: Shape) -> "Fusion":
        from zoo.contracts import IdentityFusion

        return IdentityFusion()


class Flatten(FusionSpec):
    """All channels in one series of c·t samples."""

    kind: Literal["fusion.flatten"] = "fusion.flatten"

    order: Literal["channel", "time"] = "channel"
    """channel: one channel after another; time: the channels interleaved sample by sample."""

    def output(self, x: Shape) -> Shape:
        length = x["c"] * x["t"]
        if length > _LONGEST:
            raise ShapeError("fusion", f"{_LONGEST} samples in one series at most", f"{x}, {length}", "shorten windows")
        return Shape.of("c t", 1, length)

    def build(self, x: Shape, tokens: Shape) -> "Fusion":
        from zoo_fusion.flatten import ChannelMajor, TimeMajor

        return ChannelMajor(x["c"]) if self.order == "channel" else TimeMajor(x["c"])


class Mean(FusionSpec):
    """The mean of the channels as one series, over those observed at each sample."""

    kind: Literal["fusion.mean"] = "fusion.mean"

    def output(self, x: Shape) -> Shape:
        return x.replace(c=1)

    def build(self, x: Shape, tokens: Shape) -> "Fusion":
        from zoo_fusion.mean import MeanFusion

        return MeanFusion(x["c"])


class Conv(FusionSpec):
    """Learned mixing of channels before the encoder, and a learned map back to channels after the decoder."""

    kind: Literal["fusion.conv"] = "fusion.conv"

    channels: int = Field(default=1, ge=1, le=4096)
    """Series c' that the encoder reads."""

    kernel: int = Field(default=1, ge=1, le=255)
    """Kernel size in samples (odd); 1 mixes sample by sample."""

    @field_validator("kernel")
    @classmethod
    def _odd(cls, kernel: int) -> int:
        if kernel % 2 == 0:
            raise ValueError("an odd number")
        return kernel

    def output(self, x: Shape) -> Shape:
        return x.replace(c=self.channels)

    def build(self, x: Shape, tokens: Shape) -> "Fusion":
        from zoo_fusion.conv import ConvFusion

        return ConvFusion(x["c"], self.channels, self.kernel)


class Attention(FusionSpec):
    """Every channel is a separate series, and the tokens at one position attend to each other across channels."""

    kind: Literal["fusion.attention"] = "fusion.attention"

    heads: int = Field(default=4, ge=1, le=64)
    """Heads of attention."""

    width: int = Field(default=16, ge=1, le=256)
    """Width of a head; it does not depend on the width of the tokens."""

    def output(self, x: Shape) -> Shape:
        return x

    def build(self, x: Shape, tokens: Shape) -> "Fusion":
        from zoo_fusion.attention import AttentionFusion

        return AttentionFusion(tokens["d"], self.heads, self.width)


@hookimpl
def zoo_components() -> list[type[FusionSpec]]:
    return [Channelwise, Flatten, Mean, Conv, Attention]
