"""Which phase an optimizer step belongs to, and what each loss term weighs there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from zoo_registry import PhaseSpec, RampSpec


@dataclass(frozen=True)
class PhasePosition:
    """A place in training: the phase, how far into it (in the phase's own unit), and its position in the list."""

    phase: PhaseSpec
    index: int
    elapsed: int

    def weights(self, terms: Sequence[str]) -> dict[str, float]:
        """Weight of every one of ``terms``; a term the phase does not name weighs 0, all weigh 1 without names."""
        if self.phase.weights is None:
            return dict.fromkeys(terms, 1.0)
        return {term: self._weight(self.phase.weights, term) for term in terms}

    def _weight(self, weights: Mapping[str, float | RampSpec], term: str) -> float:
        weight = weights.get(term, 0.0)
        if isinstance(weight, RampSpec):
            share = min(self.elapsed / weight.over, 1.0)
            return weight.start + share * (weight.end - weight.start)
        return weight


@dataclass(frozen=True)
class Timeline:
    """The phases laid along optimizer steps and repeated; a pure function of the step, so that a run can resume."""

    phases: tuple[PhaseSpec, ...]
    steps_per_epoch: int

    def at(self, step: int) -> PhasePosition:
        """The moment of optimizer step ``step``, counted from 0 over the whole training."""
        lengths = [self._steps(phase) for phase in self.phases]
        left = step % sum(lengths)
        for index, (phase, length) in enumerate(zip(self.phases, lengths, strict=True)):
            if left < length:
                return PhasePosition(phase, index, left if phase.every == "batch" else left // self.steps_per_epoch)
            left -= length
        raise AssertionError("a step lies in one of the phases")

    def _steps(self, phase: PhaseSpec) -> int:
        return phase.length * (self.steps_per_epoch if phase.every == "epoch" else 1)

    def unreached(self, epochs: int) -> list[PhaseSpec]:
        """Phases that ``epochs`` are too few to reach."""
        starts = [sum(self._steps(phase) for phase in self.phases[:i]) for i in range(len(self.phases))]
        total = epochs * self.steps_per_epoch
        return [phase for phase, start in zip(self.phases, starts, strict=True) if start >= total]
