"""The specs of VQShape's decoders: the published transformer, and the renderer, which draws with shapes only."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field
from zoo_registry import DecoderSpec, Shape, ShapeError

from zoo_vqshape.fits import MOST_HEADS, require_divisor, require_heads

if TYPE_CHECKING:
    from zoo.contracts import Decoder
    from zoo_vqshape.shapes import ShapeNetwork

_BLOCK = 16
"""Factor by which the convolutional network upsamples: samples of a drawn shape per input sample."""


class VQShapeDecoderSpec(DecoderSpec):
    """Transformer over tokens with their attributes to series; a convolutional decoder draws each token's shape."""

    needs_attributes: ClassVar[tuple[str, ...]] = ("t", "l", "mu", "sigma")
    channelwise: ClassVar[bool] = True
    terms: ClassVar[Mapping[str, str]] = {
        "s": "mean squared error between drawn shapes and the stretches of input they stand for"
    }

    kind: Literal["vqshape.decoder"] = "vqshape.decoder"

    dim: int = Field(default=256, ge=1, le=4096)
    """Width of the transformer."""

    heads: int = Field(default=8, ge=1, le=MOST_HEADS)
    """Attention heads; a divisor of `dim`."""

    layers: int = Field(default=2, ge=1, le=48)
    """Layers of the transformer."""

    shape_samples: int = Field(default=128, ge=16, le=4096, multiple_of=16)
    """Samples of a drawn shape; a multiple of 16."""

    smooth: int = Field(default=1, ge=1, le=255)
    """Samples over which drawn and true shapes are smoothed; odd, 1 means no smoothing."""

    dropout: float = Field(default=0.1, ge=0, lt=1)
    """Share of activations dropped in the transformer while training."""

    def output(self, tokens: Shape, series: Shape) -> Shape:
        """Series `c t`; raise ShapeError if tokens do not divide the series, or heads do not divide the width."""
        tokens.require("c n d", f"decoder {self.kind}", "use an encoder")
        require_heads("decoder.heads", self.heads, self.dim)
        _require_conv(self.shape_samples, self.smooth)
        require_divisor("decoder", "tokens", tokens["n"], series["t"], least=1)
        return series

    def shapes(self, tokens: Shape) -> Shape:
        """Drawn shapes `c n s`."""
        return Shape.of("c n s", tokens["c"], tokens["n"], self.shape_samples)

    def build(self, tokens: Shape, series: Shape) -> "Decoder":
        """Module from tokens `c n d` with attributes to series `c t`."""
        from zoo_vqshape.decoder import VQShapeDecoder

        return VQShapeDecoder(
            code_dim=tokens["d"],
            samples=series["t"] // tokens["n"],
            dim=self.dim,
            heads=self.heads,
            layers=self.layers,
            shape_samples=self.shape_samples,
            smooth=self.smooth,
            dropout=self.dropout,
        )


class VQShapeRendererSpec(DecoderSpec):
    """The series drawn only with its shapes: overlap-add of sigma · shape + mu at each token's place.

    Each shape is weighted by a window, and the sum is divided by the sum of the weights. Only shapes, places and levels
    reach the series, so an unnecessary code cannot appear to be necessary.
    """

    needs_attributes: ClassVar[tuple[str, ...]] = ("t", "l", "mu", "sigma")
    channelwise: ClassVar[bool] = True
    terms: ClassVar[Mapping[str, str]] = {
        "s": "mean squared error between drawn shapes and the stretches of input they stand for"
    }

    kind: Literal["vqshape.renderer"] = "vqshape.renderer"

    shape: Literal["mlp", "conv", "code"] = "mlp"
    """Map from a code vector to its shape: a small network, the published convolutional one, or the vector itself."""

    shape_samples: int | None = Field(default=None, ge=4, le=4096)
    """Samples of a drawn shape, a multiple of 16 for `conv`; null means 32, or the width of a token with `code`."""

    hidden: int = Field(default=128, ge=1, le=4096)
    """Width of the two hidden layers of `mlp`."""

    smooth: int = Field(default=1, ge=1, le=255)
    """Samples over which `conv` smooths its shapes; odd, 1 means no smoothing."""

    compare: Literal["scaled", "normalised"] = "scaled"
    """What `s` compares with stretches. scaled: shapes with mu and sigma. normalised: both with their mean removed and
    divided by their deviation, so that quiet stretches count as much as loud ones."""

    def output(self, tokens: Shape, series: Shape) -> Shape:
        """Series `c t`; raise ShapeError if the shape network cannot draw this number of samples."""
        tokens.require("c n d", f"decoder {self.kind}", "use an encoder")
        samples = self._samples(tokens)
        if self.shape == "code" and samples != tokens["d"]:
            expected = f"{tokens['d']}, the width of a token that is its own shape"
            raise ShapeError("decoder.shape_samples", expected, str(samples), "leave it out")
        if samples < 2:
            hint = "set `shape` to mlp, or use wider tokens"
            raise ShapeError("decoder.shape", "tokens of 2 samples or more to be shapes", str(tokens), hint)
        if self.shape == "conv":
            _require_conv(samples, self.smooth)
        return series

    def shapes(self, tokens: Shape) -> Shape:
        """Drawn shapes `c n s`."""
        return Shape.of("c n s", tokens["c"], tokens["n"], self._samples(tokens))

    def _samples(self, tokens: Shape) -> int:
        return self.shape_samples or (tokens["d"] if self.shape == "code" else 2 * _BLOCK)

    def build(self, tokens: Shape, series: Shape) -> "Decoder":
        """Module from tokens `c n d` with attributes to series `c t`."""
        from zoo_vqshape.renderer import Renderer

        return Renderer(self._network(tokens), series["t"], self.compare == "normalised")

    def _network(self, tokens: Shape) -> "ShapeNetwork":
        from zoo_vqshape.shapes import ShapeCode, ShapeDecoder, ShapeMLP

        if self.shape == "code":
            return ShapeCode()
        samples = self._samples(tokens)
        if self.shape == "conv":
            return ShapeDecoder(tokens["d"], samples, self.smooth)
        return ShapeMLP(tokens["d"], self.hidden, samples)


def _require_conv(samples: int, smooth: int) -> None:
    if samples % _BLOCK:
        below = max(_BLOCK, samples - samples % _BLOCK)
        raise ShapeError("decoder.shape_samples", f"a multiple of {_BLOCK} for conv", str(samples), f"use {below}")
    if smooth % 2 == 0 or smooth > samples:
        hint = f"use {min(smooth, samples) - 1}"
        raise ShapeError("decoder.smooth", f"an odd number up to shape_samples={samples}", str(smooth), hint)
