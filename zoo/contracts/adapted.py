"""Modules that are fitted once to training windows before training, and store the result as buffers."""

from abc import abstractmethod
from typing import ClassVar, Protocol

import torch
from torch import Tensor, nn
from zoo_registry import BundleError

from zoo.contracts.recording import recording


class TrainingWindows(Protocol):
    """The training split as a component reads it: signals in the data's units, or their images."""

    @property
    def mean(self) -> Tensor:
        """Mean of each channel over observed samples, `(c)`."""

    @property
    def std(self) -> Tensor:
        """Population deviation of each channel, `(c)`."""

    def some(self, most: int) -> tuple[Tensor, Tensor | None]:
        """At most ``most`` windows, evenly spread, `(b c t)` or `(b c h w)`, with their mask; None = all observed."""


class Adapted(nn.Module):
    """A module that ``adapt`` fills from training windows, like Keras's preprocessing layers.

    Training calls ``adapt`` once, for submodules before the module itself, and only if it still ``learns``: transferred
    weights come with filled buffers. An unfilled module raises an error in its forward pass. In a transfer, a module
    goes with everything inside it.
    """

    needs: ClassVar[str] = "what it learns from its training data"
    """Description of what is missing before the module is filled."""

    filled: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("filled", torch.tensor(False))
        self._ready = False

    @abstractmethod
    def adapt(self, windows: TrainingWindows) -> None:
        """Learn from ``windows`` and call ``mark_filled``; uses torch's default random generator."""

    @property
    def learns(self) -> bool:
        """Whether training still has to call ``adapt``."""
        return not bool(self.filled)

    @torch.no_grad()
    def mark_filled(self) -> None:
        """Mark the buffers as filled."""
        self.filled.fill_(True)

    def require_filled(self) -> None:
        """Raise BundleError if nothing was learned or loaded; called at every forward pass."""
        if self._ready or recording():  # a graph cannot branch on a buffer
            return
        # Checked once, not at every call: reading a buffer waits for the device.
        if not bool(self.filled):
            raise BundleError("head", self.needs, "none filled", self._hint())
        self._ready = True

    def _hint(self) -> str:
        return "train it, or take weights that have them"


def adapted_in(module: nn.Module) -> list[Adapted]:
    """``module`` and its submodules that are `Adapted`, in the order in which they are filled."""
    # `modules` lists submodules after their parent.
    return [part for part in reversed(list(module.modules())) if isinstance(part, Adapted)]
