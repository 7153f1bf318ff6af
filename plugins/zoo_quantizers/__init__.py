"""Quantizers: moving-average, cosine and residual codebooks, finite scalar (FSQ) and lookup-free (LFQ) codes."""

from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, field_validator
from zoo_registry import LearnedQuantizerSpec, QuantizerSpec, Shape, ShapeError, hookimpl

if TYPE_CHECKING:
    from zoo.contracts import Quantizer
    from zoo_quantizers.vector import SoftChoice

_MOST_CODES = 2**16
_MOST_NUMBERS = 2**26


class _FollowingSpec(LearnedQuantizerSpec):
    """Fields shared by the codebooks that are updated by moving averages of their tokens."""

    terms: ClassVar[Mapping[str, str]] = {
        "z": "`commit` times z.commit, the mean squared distance of latents from their codes, plus `entropy` times "
        "z.entropy (both averaged over levels)"
    }

    codes: int = Field(default=512, ge=2, le=_MOST_CODES)
    """Codes k of each level."""

    width: int | None = Field(default=None, ge=1, le=4096)
    """Width of a code; null uses the width of the tokens, any other adds a linear map before and one after."""

    decay: float = Field(default=0.99, ge=0, lt=1)
    """Share of the moving averages kept at each optimizer step."""

    commit: float = Field(default=0.25, ge=0, le=1e6)
    """Weight of the commitment inside the term z (beta of van den Oord et al. 2017)."""

    entropy: float = Field(default=0.0, ge=0, le=1e6)
    """Weight of the entropy terms inside the term z; 0 leaves them out."""

    diversity: float = Field(default=1.0, ge=0, le=1e6)
    """Weight of the entropy of the mean choice (even use) relative to the mean entropy (certain tokens)."""

    temperature: float = Field(default=1.0, ge=1e-6, le=1e6)
    """Temperature of a token's soft choice in the entropy terms, in squared distance."""

    def _book(self, x: Shape, levels: int) -> Shape:
        width = self.width or x["d"]
        if levels * self.codes * width > _MOST_NUMBERS:
            found = f"{levels} x {self.codes} codes of width {width}"
            raise ShapeError(
                "quantizer", f"a codebook of {_MOST_NUMBERS} numbers at most", found, "lower codes or width"
            )
        return Shape.of("q k", levels, self.codes)

    def _choice(self) -> "SoftChoice":
        from zoo_quantizers.vector import SoftChoice

        return SoftChoice(self.entropy, self.diversity, self.temperature)


class EMA(_FollowingSpec):
    """Nearest code by Euclidean distance; codes are moving averages of their tokens (van den Oord et al. 2017)."""

    kind: Literal["quantizers.ema"] = "quantizers.ema"

    def codebook(self, x: Shape) -> Shape:
        return self._book(x, 1)

    def build(self, x: Shape) -> "Quantizer":
        from zoo_quantizers.codebook import Codebook
        from zoo_quantizers.vector import VectorQuantizer

        width = self.width or x["d"]
        codebook = Codebook(1, self.codes, width, self.decay, self)
        return VectorQuantizer(x["d"], codebook, self.commit, self._choice())


class Cosine(_FollowingSpec):
    """Nearest code by angle, tokens and codes on the unit sphere (Yu et al. 2022); codes are moving averages."""

    kind: Literal["quantizers.cosine"] = "quantizers.cosine"

    def codebook(self, x: Shape) -> Shape:
        return self._book(x, 1)

    def build(self, x: Shape) -> "Quantizer":
        from zoo_quantizers.cosine import CosineQuantizer, UnitCodebook

        width = self.width or x["d"]
        codebook = UnitCodebook(self.codes, width, self.decay, self)
        return CosineQuantizer(x["d"], codebook, self.commit, self._choice())


class Residual(_FollowingSpec):
    """Several codes per token; each level codes the residual of the levels before (Zeghidour et al. 2021)."""

    kind: Literal["quantizers.residual"] = "quantizers.residual"

    codes: int = Field(default=256, ge=2, le=_MOST_CODES)
    """Codes k of each level."""

    levels: int = Field(default=4, ge=1, le=32)
    """Codes q of each token."""

    def codebook(self, x: Shape) -> Shape:
        return self._book(x, self.levels)

    def build(self, x: Shape) -> "Quantizer":
        from zoo_quantizers.codebook import Codebook
        from zoo_quantizers.vector import VectorQuantizer

        width = self.width or x["d"]
        codebook = Codebook(self.levels, self.codes, width, self.decay, self)
        return VectorQuantizer(x["d"], codebook, self.commit, self._choice())


class FSQ(QuantizerSpec):
    """Every dimension of a token rounded to a few levels; no codebook to learn (Mentzer et al. 2023)."""

    kind: Literal["quantizers.fsq"] = "quantizers.fsq"
    terms: ClassVar[Mapping[str, str]] = {"z": "always 0: finite scalar quantization needs no auxiliary loss"}

    levels: tuple[Annotated[int, Field(ge=2, le=256)], ...] = Field(default=(8, 5, 5, 5), min_length=1, max_length=16)
    """Levels of each dimension; their number is the width of a code, their product the number of codes."""

    @field_validator("levels")
    @classmethod
    def _bounded(cls, levels: tuple[int, ...]) -> tuple[int, ...]:
        if prod(levels) > _MOST_CODES:
            raise ValueError(f"levels whose product is at most {_MOST_CODES}")
        return levels

    def codebook(self, x: Shape) -> Shape:
        return Shape.of("q k", 1, prod(self.levels))

    def build(self, x: Shape) -> "Quantizer":
        from zoo_quantizers.fsq import FiniteScalarQuantizer

        return FiniteScalarQuantizer(x["d"], self.levels)


class LFQ(QuantizerSpec):
    """The signs of a token's dimensions as its code; no codebook to learn (Yu et al. 2023, MAGVIT-2)."""

    kind: Literal["quantizers.lfq"] = "quantizers.lfq"
    terms: ClassVar[Mapping[str, str]] = {
        "z": "`commit` times z.commit (squared distance to the signs) plus `entropy` times z.entropy"
    }

    bits: int = Field(default=9, ge=1, le=16)
    """Width of a code; there are 2 to this power codes."""

    commit: float = Field(default=0.25, ge=0, le=1e6)
    """Weight of the commitment inside the term z."""

    entropy: float = Field(default=0.1, ge=0, le=1e6)
    """Weight of the entropy terms inside the term z."""

    diversity: float = Field(default=1.0, ge=0, le=1e6)
    """Weight of the entropy of the mean distribution (even use) relative to the mean entropy (certain tokens)."""

    temperature: float = Field(default=1.0, ge=1e-3, le=1e3)
    """Temperature of a token's distribution over codes, in squared distance."""

    def codebook(self, x: Shape) -> Shape:
        return Shape.of("q k", 1, 2**self.bits)

    def build(self, x: Shape) -> "Quantizer":
        from zoo_quantizers.lfq import LookupFreeQuantizer

        return LookupFreeQuantizer(x["d"], self.bits, self.commit, self.entropy, self.diversity, self.temperature)


@hookimpl
def zoo_components() -> list[type[QuantizerSpec]]:
    return [EMA, Cosine, Residual, FSQ, LFQ]
