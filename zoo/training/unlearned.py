"""Warn about components that no phase trains and no transfer filled: they would keep their random initialization."""

import warnings
from collections.abc import Collection, Sequence

from torch import nn
from zoo_registry import PhaseSpec, ZooNote
from zoo_registry.suggest import listed

from zoo.training.frozen import learns


def note_unlearned(model: nn.Module, phases: Sequence[PhaseSpec], transferred: Collection[str]) -> None:
    """Warn about components whose weights learn in no phase and are not in ``transferred``, a set of tensor names."""
    found = unlearned(model, phases, transferred)
    if found:
        its = "their" if len(found) > 1 else "its"
        warnings.warn(
            f"no phase trains {listed(found)}, and nothing was transferred into {its} weights: they keep their random "
            f"initialization. Add {listed([repr(name) for name in found])} to `learn` of a phase, or transfer {its} "
            "weights",
            ZooNote,
            stacklevel=2,
        )


def unlearned(model: nn.Module, phases: Sequence[PhaseSpec], transferred: Collection[str]) -> list[str]:
    """Names of such components; for a component that is partly trained or transferred, the paths of its other parts."""
    found = []
    for role, component in model.named_children():
        names = [f"{role}.{name}" for name, _ in component.named_parameters()]
        untrained = [n for n in names if n not in transferred and not any(learns(n, phase) for phase in phases)]
        if untrained and len(untrained) == len(names):
            found.append(role)
        else:
            found += dict.fromkeys(".".join(name.split(".")[:2]) for name in untrained)
    return found
