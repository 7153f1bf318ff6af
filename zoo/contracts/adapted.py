"""Modules that learn something from training windows before training begins, once, and hold it as buffers."""

from abc import abstractmethod
from typing import ClassVar, Protocol

import torch
from torch import Tensor, nn
from zoo_registry import BundleError


class TrainingWindows(Protocol):
    """What the training split holds of what a component reads: signals in the data's units, or their images."""

    @property
    def mean(self) -> Tensor:
        """Mean of each channel over observed samples, `(c)`."""

    @property
    def std(self) -> Tensor:
        """Population deviation of each channel, `(c)`."""

    def some(self, most: int) -> tuple[Tensor, Tensor | None]:
        """At most so many windows, evenly spread, `(b c t)` or `(b c h w)`, with their mask; None = all observed."""


class Adapted(nn.Module):
    """A module that ``adapt`` fills from training windows, as Keras's preprocessing layers are.

    Training calls ``adapt`` once, for parts of a module before the module itself, and only where nothing brought
    buffers that are ``filled``: transferred weights bring theirs. Before that the module refuses to judge.
    """

    needs: ClassVar[str] = "what it learns from its training data"
    """What is missing while it is not filled, in words."""

    filled: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("filled", torch.tensor(False))
        self._ready = False

    @abstractmethod
    def adapt(self, windows: TrainingWindows) -> None:
        """Learn from ``windows`` and call ``mark_filled``; random numbers come from torch's default generator."""

    @torch.no_grad()
    def mark_filled(self) -> None:
        """From now on it may judge."""
        self.filled.fill_(True)

    def require_filled(self) -> None:
        """Raise BundleError while nothing was learned or loaded; asked at every forward."""
        if self._ready or torch.compiler.is_compiling():  # a graph cannot ask what a buffer holds
            return
        # Asked once, not at every call: reading a buffer waits for the device.
        if not bool(self.filled):
            raise BundleError("head", self.needs, "none filled", self._hint())
        self._ready = True

    def _hint(self) -> str:
        return "train it, or take weights that have them"
