"""VQShape: series as tokens that name, place and scale an abstracted shape (Wen et al., NeurIPS 2024)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field
from zoo_registry import (
    ComponentSpec,
    DecoderSpec,
    EncoderSpec,
    Importer,
    LearnedQuantizerSpec,
    Shape,
    ShapeError,
    hookimpl,
)

from zoo_vqshape.fits import MOST, MOST_HEADS, cut, require_divisor, require_heads

if TYPE_CHECKING:
    from zoo.contracts import Decoder, Encoder, Quantizer


class VQShapeEncoderSpec(EncoderSpec):
    """Patch transformer, then learned queries that read out a code vector and t, l, mu, sigma per token.

    Channels are encoded one by one. Every token summarises the whole series, so all are real whatever the mask.
    """

    gives_attributes: ClassVar[bool] = True
    channelwise: ClassVar[bool] = True
    terms: ClassVar[Mapping[str, str]] = {
        "dist": "how far tokens of a series that share place and length are from .2 apart"
    }

    kind: Literal["vqshape.encoder"] = "vqshape.encoder"

    patches: int | None = Field(default=None, ge=2, le=MOST)
    """Patches of a series; null takes as many as `step` or `patch` cut it into, else the divisor of the length nearest
    to 50 (500 -> 50, 512 -> 64)."""

    patch: int | None = Field(default=None, ge=1, le=10_000)
    """Samples of a patch; null takes `step`, else length / patches. Longer ones overlap; past the end the last sample
    repeats."""

    step: int | None = Field(default=None, ge=1, le=10_000)
    """Samples from the beginning of one patch to that of the next; null takes length // patches."""

    tokens: int | None = Field(default=None, ge=1, le=MOST)
    """Tokens that summarise a series; null takes as many as patches."""

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

    code_dim: int = Field(default=8, ge=1, le=1024)
    """Width of a token."""

    mask_ratio: float = Field(default=0.25, ge=0, le=0.95)
    """Share of a series' embedded patches left out at random while training."""

    shortest: float | None = Field(default=None, ge=1e-6, le=0.5)
    """Shortest shape as a share of the series; null takes 1 / patches (published: 1/64)."""

    dropout: float = Field(default=0.1, ge=0, lt=1)
    """Share of activations dropped in the transformers while training."""

    def output(self, x: Shape) -> Shape:
        """Tokens `c n d`; raise ShapeError where patches leave gaps or heads do not divide the width."""
        x.require("c t", f"encoder {self.kind}", "use an encoder that reads images")
        require_heads("encoder.heads", self.heads, self.dim)
        require_heads("encoder.tokenizer_heads", self.tokenizer_heads, self.dim)
        patches, _ = cut(x["t"], self.patches, self.patch, self.step)
        return Shape.of("c n d", x["c"], self.tokens or patches, self.code_dim)

    def build(self, x: Shape) -> "Encoder":
        """Module for series `c t`."""
        from zoo_vqshape.encoder import VQShapeEncoder

        patches, patch = cut(x["t"], self.patches, self.patch, self.step)
        return VQShapeEncoder(
            length=x["t"],
            patches=patches,
            patch=patch,
            step=self.step or x["t"] // patches,
            tokens=self.tokens or patches,
            dim=self.dim,
            heads=self.heads,
            layers=self.layers,
            tokenizer_heads=self.tokenizer_heads,
            tokenizer_layers=self.tokenizer_layers,
            code_dim=self.code_dim,
            mask_ratio=self.mask_ratio,
            shortest=self.shortest or 1 / patches,
            dropout=self.dropout,
        )


class CodebookSpec(LearnedQuantizerSpec):
    """Nearest code by squared Euclidean distance, learned by gradient, with an entropy term against collapse.

    `z` is the sum of `z.codebook`, `z.commit`, `z.entropy` and, where it weighs anything, `z.orthogonal`, each times
    its weight; the parts are logged unweighted.
    """

    terms: ClassVar[Mapping[str, str]] = {
        "z": "codebook, commitment, entropy and orthogonality terms, summed with the weights of the spec"
    }

    kind: Literal["vqshape.codebook"] = "vqshape.codebook"

    codes: int = Field(default=64, ge=2, le=65_536)
    """Codes to choose from."""

    codebook_weight: float = Field(default=0.25, ge=0, le=1e6)
    """Weight of `z.codebook`, which moves codes towards tokens (`lambda_vq_commit` of the public release)."""

    commit_weight: float = Field(default=1.0, ge=0, le=1e6)
    """Weight of `z.commit`, which moves tokens towards codes (fixed at 1 in the public release)."""

    entropy_weight: float = Field(default=0.1, ge=0, le=1e6)
    """Weight of `z.entropy`: entropy of each token's choice minus `entropy_gamma` x entropy of the mean choice."""

    entropy_gamma: float = Field(default=1.0, ge=0, le=1e6)
    """Weight, within `z.entropy`, of spreading tokens over all codes."""

    temperature: float = Field(default=0.01, ge=1e-6, le=1e6)
    """Squared distance over which a token's choice softens, in `z.entropy` only."""

    orthogonal_weight: float = Field(default=0.0, ge=0, le=1e6)
    """Weight of `z.orthogonal`, the mean squared cosine between codes (after Shin et al. 2021); 0 leaves it out."""

    def codebook(self, x: Shape) -> Shape:
        """One level of ``codes`` codes."""
        x.require("c n d", f"quantizer {self.kind}", "use an encoder")
        return Shape.of("q k", 1, self.codes)

    def build(self, x: Shape) -> "Quantizer":
        """Module for tokens `c n d`."""
        from zoo_vqshape.codebook import Codebook

        return Codebook(
            codes=self.codes,
            dim=x["d"],
            codebook=self.codebook_weight,
            commit=self.commit_weight,
            entropy=self.entropy_weight,
            orthogonal=self.orthogonal_weight,
            gamma=self.entropy_gamma,
            temperature=self.temperature,
            spec=self,
        )


class VQShapeDecoderSpec(DecoderSpec):
    """Transformer over tokens with their attributes to series; a convolutional decoder draws each token's shape."""

    needs_attributes: ClassVar[bool] = True
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
    """Samples over which shapes, drawn and true, are smoothed; odd, 1 smooths nothing."""

    dropout: float = Field(default=0.1, ge=0, lt=1)
    """Share of activations dropped in the transformer while training."""

    def output(self, tokens: Shape, series: Shape) -> Shape:
        """Series `c t`; raise ShapeError where tokens do not divide the series, or heads the width."""
        tokens.require("c n d", f"decoder {self.kind}", "use an encoder")
        require_heads("decoder.heads", self.heads, self.dim)
        if self.smooth % 2 == 0 or self.smooth > self.shape_samples:
            expected = f"an odd number up to shape_samples={self.shape_samples}"
            hint = f"take {min(self.smooth, self.shape_samples) - 1}"
            raise ShapeError("decoder.smooth", expected, str(self.smooth), hint)
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


@hookimpl
def zoo_components() -> list[type[ComponentSpec]]:
    """The three parts of VQShape."""
    return [VQShapeEncoderSpec, CodebookSpec, VQShapeDecoderSpec]


@hookimpl
def zoo_importer() -> Importer:
    """Checkpoints of the public release."""
    from zoo_vqshape.public import PublicVQShape

    return PublicVQShape()
