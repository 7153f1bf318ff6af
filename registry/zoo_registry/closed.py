"""Which phases can be solved in closed form."""

from zoo_registry.component import HeadSpec
from zoo_registry.errors import SpecError
from zoo_registry.training import ClosedSpec, PhaseSpec, TrainingSpec


def check_closed(where: str, phase: PhaseSpec, head: HeadSpec | None) -> None:
    """Raise SpecError if a phase sets `fit: closed` without a linear head, or sets `closed` without `fit: closed`."""
    if phase.fit == "gradient":
        if phase.closed != ClosedSpec():
            raise SpecError(f"{where}.closed", "nothing, as the phase learns by gradient", "fields", "set fit: closed")
        return
    if phase.learn != ("head",):
        found = "null, which means all" if phase.learn is None else str(list(phase.learn))
        hint = "learn the rest in a phase of its own"
        raise SpecError(f"{where}.learn", '["head"] where fit is closed', found, hint)
    if head is None or not head.linear:
        found = "none" if head is None else str(head.kind)
        hint = "take a linear head such as heads.token-linear, or set fit: gradient"
        raise SpecError(f"{where}.fit", "gradient, as only a linear head has a closed form", found, hint)
    if (phase.length, phase.every) != (1, "epoch"):
        unit = phase.every if phase.length == 1 else {"epoch": "epochs", "batch": "batches"}[phase.every]
        hint = "set length to 1 and every to epoch"
        raise SpecError(f"{where}.length", "1 epoch where fit is closed", f"{phase.length} {unit}", hint)


def check_order(training: TrainingSpec) -> None:
    """Raise SpecError if all phases are closed (each epoch would give the same map), or if one starts within an
    epoch."""
    phases = training.phases
    batches = [i for i, phase in enumerate(phases) if phase.every == "batch"]
    if batches and any(phase.fit == "closed" for phase in phases):
        where, expected = f"training.phases.{batches[0]}.every", "epoch, as a phase with fit: closed reads whole epochs"
        raise SpecError(where, expected, "batch", "set every to epoch in all phases")
    if all(phase.fit == "closed" for phase in phases) and training.epochs > len(phases):
        hint = "nothing changes in between; lower it, or add what learns by gradient"
        raise SpecError("training.epochs", f"{len(phases)}, as all phases are closed", str(training.epochs), hint)
