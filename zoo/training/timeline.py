"""The phase, the loss weights and the learning rate of each optimizer step."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from zoo_registry import PhaseSpec, RampSpec
from zoo_registry.training import CosineSpec, StepsSpec


@dataclass(frozen=True)
class PhasePosition:
    """A position in training: the phase, the progress in it (in the unit of the phase), and its index in the list."""

    phase: PhaseSpec
    index: int
    elapsed: int

    def weights(self, terms: Sequence[str]) -> dict[str, float]:
        """Weight of each of ``terms``: 0 for terms that the phase does not list, 1 for all if it lists none."""
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
    """The repeated phases over optimizer steps; a pure function of the step, so that a run can resume."""

    phases: tuple[PhaseSpec, ...]
    steps_per_epoch: int

    def at(self, step: int) -> PhasePosition:
        """The position of optimizer step ``step``, counted from 0 over the whole training."""
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
        """Phases that are not reached within ``epochs`` epochs."""
        starts = [sum(self._steps(phase) for phase in self.phases[:i]) for i in range(len(self.phases))]
        total = epochs * self.steps_per_epoch
        return [phase for phase, start in zip(self.phases, starts, strict=True) if start >= total]


def rate(schedule: CosineSpec | StepsSpec, step: int, steps: int) -> float:
    """Share of the peak learning rate at optimizer step ``step`` of ``steps``.

    Linear warm-up from 1/w to 1 over the first w steps; then cosine decay to the floor, or drops by a factor.
    """
    warmup = round(schedule.warmup * steps)
    if step < warmup:
        return (step + 1) / warmup
    if isinstance(schedule, StepsSpec):
        return float(schedule.factor ** sum(step >= share * steps for share in schedule.at))
    progress = (step - warmup) / max(steps - warmup, 1)
    return schedule.floor + (1 - schedule.floor) * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))
