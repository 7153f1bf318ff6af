"""Set which parameters learn or are frozen, and the mode of every module."""

from collections.abc import Iterable, Sequence

from torch import nn
from zoo_registry import PhaseSpec, TrainingError

from zoo.model.assembly import ZooModel


def set_learning(model: ZooModel, phase: PhaseSpec) -> None:
    """Make only the components listed in ``phase`` trainable.

    Everything else is frozen. It has no gradient, so the optimizer skips it, including weight decay and moments. It is
    in eval mode, so batch norm and running statistics do not change. Raises TrainingError for a path that does not
    exist, or a phase in which nothing can learn. The head of a closed phase is not updated during the phase: it is read
    in eval mode.
    """
    model.requires_grad_(False)
    model.zero_grad(set_to_none=True)
    model.eval()
    if phase.fit == "closed":
        return
    for path in _paths(model, phase):
        part = _find(model, path, phase)
        part.requires_grad_(True)
        if isinstance(part, nn.Module):
            part.train()
    if not phase.measure and not _learns(model):
        raise TrainingError(
            f"phase {phase.name}",
            "something that learns",
            f"nothing to learn in {', '.join(_paths(model, phase))}",
            "name a component with weights in `learn`, or set `measure` to true",
        )


def _paths(model: ZooModel, phase: PhaseSpec) -> Sequence[str]:
    return [role for role, _ in model.spec.components()] if phase.learn is None else phase.learn


def _find(model: ZooModel, path: str, phase: PhaseSpec) -> nn.Module | nn.Parameter:
    modules: dict[str, nn.Module] = dict(model.named_modules())
    parameters: dict[str, nn.Parameter] = dict(model.named_parameters())
    if path in modules:
        return modules[path]
    if path in parameters:
        return parameters[path]
    parent = next((p for p in _parents(path) if p in modules), "")
    inside = ", ".join(name for name, _ in modules[parent].named_children()) or "nothing"
    hint = f"{parent or 'the model'} holds {inside}"
    raise TrainingError(f"phase {phase.name}: learn", "a path in the model", repr(path), hint)


def _parents(path: str) -> Iterable[str]:
    while "." in path:
        path = path.rpartition(".")[0]
        yield path


def _learns(model: ZooModel) -> bool:
    """Whether there are trainable weights, or a quantizer that is updated by statistics."""
    moves = model.quantizer is not None and model.quantizer.training and model.quantizer.moves
    return moves or any(parameter.requires_grad for parameter in model.parameters())
