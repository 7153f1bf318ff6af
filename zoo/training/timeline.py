"""The phase, the loss weights and the learning rate of each optimizer step."""

import math
from collections.abc import Sequence
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
        return {term: self._now(self.phase.weights.get(term, 0.0)) for term in terms}

    @property
    def temperature(self) -> float | None:
        """Temperature of distillation; None where the phase sets none."""
        return None if self.phase.temperature is None else self._now(self.phase.temperature)

    def _now(self, value: float | RampSpec) -> float:
        if isinstance(value, RampSpec):
            share = min(self.elapsed / value.over, 1.0)
            return value.start + share * (value.end - value.start)
        return value


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

    def ends_phase(self, epoch: int) -> bool:
        """Whether ``epoch`` is the last one of a phase that is counted in epochs, before another one."""
        last, following = self.at((epoch + 1) * self.steps_per_epoch - 1), self.at((epoch + 1) * self.steps_per_epoch)
        return last.phase.every == "epoch" and last.index != following.index

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
