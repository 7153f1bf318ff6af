"""VQShape: series as tokens, each with the code, place and scale of an abstracted shape (Wen et al., NeurIPS 2024)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field
from zoo_registry import ComponentSpec, Importer, LearnedQuantizerSpec, Shape, hookimpl

from zoo_vqshape.decoder_specs import VQShapeDecoderSpec, VQShapeRendererSpec
from zoo_vqshape.encoder_spec import VQShapeEncoderSpec

if TYPE_CHECKING:
    from zoo.contracts import Quantizer

__all__ = ["CodebookSpec", "VQShapeDecoderSpec", "VQShapeEncoderSpec", "VQShapeRendererSpec"]


class CodebookSpec(LearnedQuantizerSpec):
    """Nearest code by squared Euclidean distance, learned by gradient, with an entropy term against collapse.

    `z` is the sum of `z.codebook`, `z.commit`, `z.entropy` and, if its weight is not 0, `z.orthogonal`, each times its
    weight; the parts are logged unweighted.
    """

    terms: ClassVar[Mapping[str, str]] = {
        "z": "codebook, commitment, entropy and orthogonality terms, summed with the weights of the spec"
    }

    kind: Literal["vqshape.codebook"] = "vqshape.codebook"

    codes: int = Field(default=64, ge=2, le=65_536)
    """Number of codes."""

    codebook_weight: float = Field(default=0.25, ge=0, le=1e6)
    """Weight of `z.codebook`, which moves codes towards tokens (`lambda_vq_commit` of the public release)."""

    commit_weight: float = Field(default=1.0, ge=0, le=1e6)
    """Weight of `z.commit`, which moves tokens towards codes (fixed at 1 in the public release)."""

    entropy_weight: float = Field(default=0.1, ge=0, le=1e6)
    """Weight of `z.entropy`: entropy of each token's choice minus `entropy_gamma` x entropy of the mean choice."""

    entropy_gamma: float = Field(default=1.0, ge=0, le=1e6)
    """Weight, within `z.entropy`, of spreading tokens over all codes."""

    temperature: float = Field(default=0.01, ge=1e-6, le=1e6)
    """Temperature of a token's soft choice, in squared distance; used in `z.entropy` only."""

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


@hookimpl
def zoo_components() -> list[type[ComponentSpec]]:
    """The parts of VQShape."""
    return [VQShapeEncoderSpec, CodebookSpec, VQShapeDecoderSpec, VQShapeRendererSpec]


@hookimpl
def zoo_importer() -> Importer:
    """Checkpoints of the public release."""
    from zoo_vqshape.public import PublicVQShape

    return PublicVQShape()
