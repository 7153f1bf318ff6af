"""The learning rate as a share of its peak, at any optimizer step."""

import math

from zoo_registry.training import CosineSpec, StepsSpec


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
