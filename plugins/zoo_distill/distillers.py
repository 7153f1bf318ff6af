"""Specs of the distillers."""

from collections.abc import Mapping
from math import isqrt
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, model_validator
from zoo_registry import DistillerSpec

if TYPE_CHECKING:
    from zoo.contracts import Distiller

Temperature = Annotated[float, Field(ge=0.01, le=1000)]
Reduction = Literal["batch", "elements"]
Pairs = Literal["last", "even"]


class LogitsSpec(DistillerSpec):
    """Divergence of the student's class probabilities from its teachers' (Hinton et al. 2015, arXiv:1503.02531).

    T² Σ_m mean_b w_mb KL(p_m ‖ p_student), with probabilities at temperature T.
    """

    kind: Literal["distill.logits"] = "distill.logits"
    terms: ClassVar[Mapping[str, str]] = {"kd": "divergence of the student's class probabilities from the teachers'"}

    temperature: Temperature = 4.0
    """Divisor of all logits; a phase can replace it."""

    reduction: Reduction = "batch"
    """batch: mean over windows of sums over classes. elements: mean over windows and classes, which is smaller by the
    number of classes; published weights were often chosen with it."""

    clamp: float | None = Field(default=None, gt=0, le=1e6)
    """Bound on the absolute value of the student's logits in this loss; null sets none."""

    def build(self) -> "Distiller":
        from zoo_distill.logits import Logits

        return Logits(self.temperature, self.reduction, self.clamp)


class StandardisedSpec(DistillerSpec):
    """The same divergence for logits that are divided by their own deviation in every window, without a temperature.

    An earlier form of teacher-student work on wearable sensors, which also classifies by these logits.
    """

    kind: Literal["distill.standardised"] = "distill.standardised"
    terms: ClassVar[Mapping[str, str]] = {
        "kd": "divergence of the student's class probabilities from the teachers', of standardised logits",
        "sce": "cross-entropy between the student's standardised logits and the labels",
    }

    deviation: float = Field(default=2.0, gt=0, le=1000)
    """Standard deviation (n - 1) of the logits of every window after the division."""

    reduction: Reduction = "batch"
    """As in distill.logits."""

    def build(self) -> "Distiller":
        from zoo_distill.logits import Standardised

        return Standardised(self.deviation, self.reduction)


class SimilaritySpec(DistillerSpec):
    """Difference between similarity maps of the student and of its teachers (Tung & Mori 2019, arXiv:1907.09682).

    A map holds the inner products of the features of all pairs of windows in a batch; so the networks may differ.
    """

    kind: Literal["distill.similarity"] = "distill.similarity"
    terms: ClassVar[Mapping[str, str]] = {"sp": "mean squared difference of similarity maps, over stages"}
    maps: ClassVar[bool] = True

    normalise: Literal["after", "before"] = "after"
    """When rows of the teachers' maps are divided by their length: after or before the weighted sum over teachers."""

    pairs: Pairs = "last"
    """Which stages are compared if the student and a teacher have different numbers: the last ones, or evenly spread
    ones."""

    def build(self) -> "Distiller":
        from zoo_distill.similarity import Similarity

        return Similarity(self.normalise, self.pairs)


class OrthogonalSpec(DistillerSpec):
    """Difference in how patches of a similarity map correlate, after the orthogonality loss of arXiv:2407.05315.

    Each merged map is cut into patches of length 1; P Pᵀ - I of the student is compared with that of the teachers. The
    paper's normalisation could not be checked: here squares are summed over pairs of patches and averaged over stages.
    """

    kind: Literal["distill.orthogonal"] = "distill.orthogonal"
    terms: ClassVar[Mapping[str, str]] = {"orth": "squared difference of patch correlations, over stages"}
    maps: ClassVar[bool] = True

    patches: int = Field(default=4, ge=2, le=64)
    """Patches of a map. Uncertain: 4 is what users of the method report."""

    cut: Literal["blocks", "rows"] = "blocks"
    """blocks: a square grid of patches. rows: groups of whole rows. Uncertain which of the two the paper means."""

    pairs: Pairs = "last"
    """As in distill.similarity."""

    @model_validator(mode="after")
    def _square(self) -> "OrthogonalSpec":
        if self.cut == "blocks" and isqrt(self.patches) ** 2 != self.patches:
            raise ValueError("A square number of patches, such as 4 or 9, or cut: rows")
        return self

    def build(self) -> "Distiller":
        from zoo_distill.similarity import Orthogonal

        return Orthogonal(self.patches, self.cut, self.pairs)
