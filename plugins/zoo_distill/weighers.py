"""Specs of the weighers: what speaks for a teacher in one window, times its prior weight."""

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field
from zoo_registry import WeigherSpec, hookimpl

if TYPE_CHECKING:
    from zoo.contracts import Weigher

Share = Annotated[float, Field(ge=0, le=1)]


class FixedSpec(WeigherSpec):
    """The prior weights, in every window."""

    kind: Literal["weigh.fixed"] = "weigh.fixed"
    evidence: ClassVar[bool] = False

    def build(self, teachers: int) -> "Weigher":
        from zoo.contracts import FixedWeights

        return FixedWeights()


class EvidenceSpec(WeigherSpec):
    """Prior weight times evidence, divided by the sum over teachers; where all evidence is 0, the prior weight."""

    floor: Share = 0.05
    """Share of the weights that stays with the prior weights, so that no teacher is silenced."""


class EntropySpec(EvidenceSpec):
    """A teacher that is sure weighs more; its prediction need not be right (entropy-based distillation)."""

    kind: Literal["weigh.entropy"] = "weigh.entropy"

    form: Literal["share", "log"] = "share"
    """share: 1 minus the share of the summed entropies of all teachers. log: 1 minus entropy over that of a uniform
    prediction."""

    def build(self, teachers: int) -> "Weigher":
        from zoo_distill.weights import Entropy

        return Entropy(self.floor, self.form)


class CrossEntropySpec(EvidenceSpec):
    """A teacher with a low cross-entropy weighs more: 1 - softmax of the cross-entropies (Zhang et al. 2022,
    arXiv:2201.00007).
    """

    kind: Literal["weigh.cross_entropy"] = "weigh.cross_entropy"

    def build(self, teachers: int) -> "Weigher":
        from zoo_distill.weights import CrossEntropy

        return CrossEntropy(self.floor)


class TrueClassSpec(EvidenceSpec):
    """A teacher weighs as much as the probability that it gives to the true class."""

    kind: Literal["weigh.true_class"] = "weigh.true_class"

    def build(self, teachers: int) -> "Weigher":
        from zoo_distill.weights import TrueClass

        return TrueClass(self.floor)


class AgreementSpec(EvidenceSpec):
    """A teacher weighs as much as the share of other teachers that name the same class; labels are not used."""

    kind: Literal["weigh.agreement"] = "weigh.agreement"

    def build(self, teachers: int) -> "Weigher":
        from zoo_distill.weights import Agreement

        return Agreement(self.floor)


class LearnedSpec(EvidenceSpec):
    """A small network that weighs teachers by how sure and how agreed they are, whatever the student does.

    Before training it is fitted to the cross-entropy of the weighted mean of the teachers' probabilities. From the
    distillation loss it would learn to choose the teacher that is easiest to imitate.
    """

    kind: Literal["weigh.learned"] = "weigh.learned"

    hidden: int = Field(default=16, ge=1, le=1024)
    """Units of its hidden layer."""

    decay: float = Field(default=1e-3, ge=0, le=1e3)
    """Weight of the squared norm of its weights in the fit."""

    def build(self, teachers: int) -> "Weigher":
        from zoo_distill.gate import Gate

        return Gate(teachers, self.hidden, self.decay, self.floor)


@hookimpl
def zoo_components() -> list[type[WeigherSpec]]:
    return [FixedSpec, EntropySpec, CrossEntropySpec, TrueClassSpec, AgreementSpec, LearnedSpec]
