"""Convolutional encoder and decoder without attributes, a baseline for the others."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, field_validator
from zoo_registry import ComponentSpec, DecoderSpec, EncoderSpec, Shape, hookimpl

if TYPE_CHECKING:
    from zoo.contracts import Decoder, Encoder


def _odd(kernel: int) -> int:
    if kernel % 2 == 0:
        raise ValueError("an odd number")
    return kernel


class ConvEncoder(EncoderSpec):
    """Strided convolutions from series to tokens: ⌈t / stride^layers⌉ tokens per series."""

    channelwise: ClassVar[bool] = True

    kind: Literal["conv.encoder"] = "conv.encoder"

    dim: int = Field(default=64, ge=4, le=2048)
    """Width d of a token and of every layer."""

    layers: int = Field(default=3, ge=1, le=12)
    """Strided convolutions, each followed by a residual block."""

    stride: int = Field(default=2, ge=2, le=16)
    """Factor by which each layer shortens the series."""

    kernel: int = Field(default=3, ge=1, le=63)
    """Samples (odd) that a residual block sees."""

    _kernel_is_odd = field_validator("kernel")(_odd)

    def output(self, x: Shape) -> Shape:
        return Shape.of("c n d", x["c"], -(-x["t"] // self.stride**self.layers), self.dim)

    def build(self, x: Shape) -> "Encoder":
        from zoo_conv.encoder import StridedEncoder

        return StridedEncoder(self.dim, self.layers, self.stride, self.kernel)


class ConvDecoder(DecoderSpec):
    """Alternating interpolation and convolution, from any number of tokens to the length of the series."""

    channelwise: ClassVar[bool] = True

    kind: Literal["conv.decoder"] = "conv.decoder"

    dim: int = Field(default=64, ge=4, le=2048)
    """Width of every layer."""

    layers: int = Field(default=3, ge=1, le=12)
    """Interpolation steps of equal ratio from the number of tokens to the length, each followed by a residual block."""

    kernel: int = Field(default=3, ge=1, le=63)
    """Samples (odd) that a residual block sees."""

    _kernel_is_odd = field_validator("kernel")(_odd)

    def output(self, tokens: Shape, series: Shape) -> Shape:
        return Shape.of("c t", tokens["c"], series["t"])

    def build(self, tokens: Shape, series: Shape) -> "Decoder":
        from zoo_conv.decoder import ResizeDecoder

        return ResizeDecoder(tokens["d"], tokens["n"], series["t"], self.dim, self.layers, self.kernel)


@hookimpl
def zoo_components() -> list[type[ComponentSpec]]:
    return [ConvEncoder, ConvDecoder]
