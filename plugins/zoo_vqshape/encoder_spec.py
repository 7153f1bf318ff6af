"""The spec of VQShape's encoder: what a token reads, where it lies, and where its level comes from."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator
from zoo_registry import STRETCH, Attribute, EncoderSpec, Shape, ShapeError

from zoo_vqshape.fits import MOST, MOST_HEADS, cut, require_heads
from zoo_vqshape.grid import Span, grid, usual_tokens

if TYPE_CHECKING:
    from torch import nn

    from zoo.contracts import Encoder
    from zoo_vqshape.encoder import Reading

_USUAL_WIDTH = 8
_PUBLISHED = {"read": "query", "place": "free", "level": "learned"}
_OF_TRANSFORMER = {
    "patches",
    "patch",
    "step",
    "dim",
    "heads",
    "layers",
    "tokenizer_heads",
    "tokenizer_layers",
    "mask_ratio",
    "dropout",
}
"""Fields with the sizes of the transformer and its patches."""


class VQShapeEncoderSpec(EncoderSpec):
    """Tokens with the code, place and scale of a shape, each read from its own stretch of the series.

    Channels are encoded one by one. The published form is `read: query`, `place: free`, `level: learned`: a patch
    transformer and learned queries give a code vector and t, l, mu, sigma. Its shapes collapse: all codes learn to draw
    the same line (docs/shapes.md). Each of these three settings needs the transformer; without them there is none. A
    spec that sets sizes of the transformer and none of the three means the published form.
    """

    attributes: ClassVar[tuple[Attribute, ...]] = STRETCH
    channelwise: ClassVar[bool] = True
    gained: ClassVar[Mapping[str, Any]] = _PUBLISHED
    terms: ClassVar[Mapping[str, str]] = {
        "dist": "how far tokens of a series that share place and length are from .2 apart; constant on a grid"
    }

    kind: Literal["vqshape.encoder"] = "vqshape.encoder"

    read: Literal["stretch", "query", "both"] = "stretch"
    """Where the code vector comes from. stretch: the token's own stretch, standardised. query: a learned query over the
    whole series, as published. both: their sum; tokens whose stretch is not observed use the query only."""

    place: Literal["grid", "free"] = "grid"
    """Where tokens lie. grid: on an even grid. free: at places predicted by a query, as published."""

    level: Literal["measured", "learned"] = "measured"
    """mu and sigma. measured: mean and deviation of the stretch. learned: predicted by a query, as published."""

    tokens: int | None = Field(default=None, ge=1, le=MOST)
    """Tokens of a series, on a grid those of scale 1; null means about 20 on a grid, else one per patch."""

    overlap: float = Field(default=1.5, ge=1, le=16)
    """Length of a token on the grid, in multiples of series length / tokens; less than 1 would leave gaps."""

    scales: tuple[Annotated[int, Field(ge=1, le=256)], ...] = Field(default=(1,), min_length=1, max_length=8)
    """Several grids, given by the factor on the length of their tokens: 1, 4 adds a quarter as many tokens of four
    times the length, so that postures and short strokes both have shapes."""

    samples: int = Field(default=32, ge=4, le=4096)
    """Samples at which a stretch is read."""

    floor: float = Field(default=0.05, ge=0, le=1)
    """Lower bound on the deviation that divides a stretch, as a share of the deviation of its series."""

    readout: Literal["network", "identity"] = "network"
    """Map from a standardised stretch to the code vector: a network, or the stretch itself."""

    hidden: int = Field(default=128, ge=1, le=4096)
    """Width of the two hidden layers of that network."""

    code_dim: int | None = Field(default=None, ge=1, le=4096)
    """Width of a token; null means 8, or `samples` if the token is the stretch itself."""

    patches: int | None = Field(default=None, ge=2, le=MOST)
    """Patches of a series for the transformer; null derives the number from `step` or `patch`, else uses the divisor of
    the length nearest to 50 (500 -> 50, 512 -> 64)."""

    patch: int | None = Field(default=None, ge=1, le=10_000)
    """Samples of a patch; null means `step`, else length / patches. Longer patches overlap; after the end the last
    sample is repeated."""

    step: int | None = Field(default=None, ge=1, le=10_000)
    """Samples between the starts of neighbouring patches; null means length // patches."""

    dim: int = Field(default=256, ge=1, le=4096)
    """Width of the transformers."""

    heads: int = Field(default=8, ge=1, le=MOST_HEADS)
    """Attention heads of the patch transformer; a divisor of `dim`."""

    layers: int = Field(default=4, ge=1, le=48)
    """Layers of the patch transformer."""

    tokenizer_heads: int = Field(default=8, ge=1, le=MOST_HEADS)
    """Attention heads of the tokenizer; a divisor of `dim`."""

    tokenizer_layers: int = Field(default=4, ge=1, le=48)
    """Layers of the tokenizer, in which the queries read the patches."""

    mask_ratio: float = Field(default=0.25, ge=0, le=0.95)
    """Share of a series' patches hidden in training: random patches, or with `both` one contiguous gap to
    reconstruct."""

    shortest: float | None = Field(default=None, ge=1e-6, le=0.5)
    """Shortest shape as a share of the series; null means 1 / patches (published: 1/64), or the shortest token on a
    grid."""

    dropout: float = Field(default=0.1, ge=0, lt=1)
    """Share of activations dropped in the transformers while training."""

    @model_validator(mode="before")
    @classmethod
    def _published_form(cls, given: Any) -> Any:
        """A spec that sets only sizes of the transformer means the published form, as in specs and bundles up to
        version 0.1."""
        if isinstance(given, dict) and given.keys() & _OF_TRANSFORMER and given.keys().isdisjoint(_PUBLISHED):
            return {**given, **_PUBLISHED}
        return given

    @property
    def has_context(self) -> bool:
        """Whether the encoder has a transformer over the whole series."""
        return self.read != "stretch" or self.place == "free" or self.level == "learned"

    def output(self, x: Shape) -> Shape:
        """Tokens `c n d`; raise ShapeError if patches leave gaps, tokens are too short or heads do not divide the
        width."""
        x.require("c t", f"encoder {self.kind}", "use an encoder that reads images")
        if self.has_context:
            require_heads("encoder.heads", self.heads, self.dim)
            require_heads("encoder.tokenizer_heads", self.tokenizer_heads, self.dim)
            cut(x["t"], self.patches, self.patch, self.step)
        return Shape.of("c n d", x["c"], self._count(x["t"]), self._width())

    def _count(self, length: int) -> int:
        if self.place == "grid":
            return len(self._grid(length))
        if self.scales != (1,):
            hint = "remove `scales`, or set `place` to grid"
            raise ShapeError("encoder.scales", "[1] where places are learned", str(list(self.scales)), hint)
        return self.tokens or cut(length, self.patches, self.patch, self.step)[0]

    def _grid(self, length: int) -> tuple[Span, ...]:
        return grid(length, self.tokens or usual_tokens(length), self.overlap, self.scales)

    def _width(self) -> int:
        if self.readout == "network" or self.read == "query":
            return self.code_dim or _USUAL_WIDTH
        if self.code_dim not in (None, self.samples):
            expected = f"{self.samples}, the samples of a stretch that is its own code vector"
            raise ShapeError("encoder.code_dim", expected, str(self.code_dim), "leave it out")
        return self.samples

    def build(self, x: Shape) -> "Encoder":
        """Module for series `c t`."""
        from zoo_vqshape.encoder import Reading, StretchEncoder
        from zoo_vqshape.stretch import Places, StretchReader

        length, shortest = x["t"], self._shortest(x["t"])
        reader, network = StretchReader(self.samples, self.floor), self._network()
        if not self.has_context:
            return StretchEncoder(Places(length, self._grid(length)), reader, network, shortest)
        reads, measured = self.read != "query", self.level == "measured"
        reading = Reading(
            places=Places(length, self._grid(length)) if self.place == "grid" else None,
            reader=reader if reads or measured else None,
            readout=network if reads else None,  # drawn in any case: a seed keeps its weights
            measured=measured,
        )
        return self._with_context(length, reading, shortest)

    def _network(self) -> "nn.Module":
        """Map from a standardised stretch to its code vector."""
        from torch import nn

        from zoo_vqshape.stretch import ReadOut

        return ReadOut(self.samples, self.hidden, self._width()) if self.readout == "network" else nn.Identity()

    def _shortest(self, length: int) -> float:
        if self.shortest is not None:
            return self.shortest
        if self.place == "grid":
            return min(0.5, (min(span.samples for span in self._grid(length)) - 1) / (length - 1))
        return 1 / cut(length, self.patches, self.patch, self.step)[0]

    def _with_context(self, length: int, reading: "Reading", shortest: float) -> "Encoder":
        from zoo_vqshape.attributes import AttributeHeads
        from zoo_vqshape.encoder import VQShapeEncoder
        from zoo_vqshape.patches import Patches

        patches, patch = cut(length, self.patches, self.patch, self.step)
        attributes = AttributeHeads(
            self.dim,
            shortest,
            code_dim=None if self.read == "stretch" else self._width(),
            places=self.place == "free",
            levels=self.level == "learned" or self.read == "both",
        )
        if self.read == "both":
            attributes.start_silent()
        return VQShapeEncoder(
            cut=Patches(length, patches, patch, self.step or length // patches),
            tokens=self._count(length),
            dim=self.dim,
            heads=self.heads,
            layers=self.layers,
            tokenizer_heads=self.tokenizer_heads,
            tokenizer_layers=self.tokenizer_layers,
            attributes=attributes,
            reading=reading,
            mask_ratio=self.mask_ratio,
            shortest=shortest,
            dropout=self.dropout,
        )
