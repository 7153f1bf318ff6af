"""What learns in a phase: it alone is trainable, the rest stays bitwise unchanged, and nothing is forgotten."""

import warnings
from collections.abc import Collection, Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor
from zoo_registry import PhaseSpec, TrainingError, ZooNote
from zoo_registry.suggest import listed

from zoo.contracts import Quantizer
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
    books = (part for part in model.modules() if isinstance(part, Quantizer))
    return any(book.training and book.moves for book in books) or any(
        parameter.requires_grad for parameter in model.parameters()
    )


_BITS = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


class Frozen:
    """Copies of the frozen tensors at the start of ``phase``, for later comparison.

    All parameters and buffers that do not learn in the phase are frozen, in any mode of their modules. A bitwise
    comparison detects every change that a hash would, in a fraction of its time, because nothing leaves the device. The
    copies need as much memory as the frozen tensors.
    """

    def __init__(self, model: nn.Module, phase: PhaseSpec) -> None:
        self.phase = phase
        self._copies = {name: now.detach().clone() for name, now in _tensors(model).items() if not learns(name, phase)}

    def require_unchanged(self, model: nn.Module) -> None:
        """Raise TrainingError with the first tensor of ``model`` that differs in any bit."""
        if self._copies and not _equal(self._copies, now := _tensors(model)):
            name = next(name for name in self._copies if not _equal({name: self._copies[name]}, now))
            raise TrainingError(
                f"phase {self.phase.name}",
                "frozen weights that do not change",
                f"{name} changed",
                f"let {name.partition('.')[0]} learn, or correct its module, which changes weights outside of training",
            )


def learns(name: str, phase: PhaseSpec) -> bool:
    """Whether the tensor ``name`` learns in ``phase``."""
    return phase.learn is None or any(f"{name}.".startswith(f"{path}.") for path in phase.learn)


def _tensors(model: nn.Module) -> dict[str, Tensor]:
    return {**dict(model.named_parameters()), **dict(model.named_buffers())}


def _equal(copies: dict[str, Tensor], now: dict[str, Tensor]) -> bool:
    """Whether all tensors are bitwise equal; one device sync."""
    pairs = [(copy, now.get(name)) for name, copy in copies.items()]
    if any(other is None or (other.shape, other.dtype) != (copy.shape, copy.dtype) for copy, other in pairs):
        return False
    differ = [(_bits(copy) != _bits(other)).any() for copy, other in pairs if other is not None]
    return not bool(torch.stack(differ).any())


def _bits(tensor: Tensor) -> Tensor:
    """The bits as integers, so that NaN equals itself and 0 differs from −0."""
    here = tensor.to_local() if isinstance(tensor, DTensor) else tensor
    return here.detach().reshape(-1).view(_BITS.get(tensor.element_size(), torch.uint8))


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
