"""Check that the frozen tensors of a phase stay bitwise unchanged."""

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor
from zoo_registry import PhaseSpec, TrainingError

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
