"""How the tensors of a component are resized in a transfer of weights: one rule per module."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

Tensors = Mapping[str, Tensor]
"""The tensors of one module without submodules, by last name, such as `weight` and `bias`."""


class Resized(NamedTuple):
    """Tensors with the target sizes, and a description of the change."""

    tensors: Tensors
    words: str


class Resize(ABC):
    """Resizes the tensors of one module to the target sizes."""

    @abstractmethod
    def __call__(self, source: Tensors, here: Tensors, random: torch.Generator) -> Resized | None:
        """Return None if this rule cannot resize one of the axes that differ; both mappings hold the same names."""


@dataclass(frozen=True)
class Resizing:
    """The parts of a component that can be resized.

    ``rules`` are keyed by the path, within the component, of the module that owns the tensors. ``stacks`` are paths of
    numbered layers, such as `transformer.layers`, whose number may differ between source and model. ``free`` are paths
    of modules whose tensors may be missing in a source, because they hold only counters of training.
    """

    rules: Mapping[str, Resize] = field(default_factory=dict)
    stacks: tuple[str, ...] = ()
    free: tuple[str, ...] = ()

    def within(self, path: str) -> "Resizing":
        """The same resizing for a component that contains this one at ``path``."""
        rules = {_under(path, name): rule for name, rule in self.rules.items()}
        stacks, free = (tuple(_under(path, name) for name in names) for names in (self.stacks, self.free))
        return Resizing(rules, stacks, free)

    def __or__(self, other: "Resizing") -> "Resizing":
        return Resizing({**self.rules, **other.rules}, self.stacks + other.stacks, self.free + other.free)


def _under(path: str, name: str) -> str:
    return f"{path}.{name}" if name else path


def interpolation(source: int, here: int) -> Tensor:
    """Matrix `(here source)`, float64, that interpolates ``source`` evenly spaced cells at the centres of ``here``
    cells.

    Linear between centres, constant outside the first and the last.
    """
    places = ((torch.arange(here, dtype=torch.float64) + 0.5) * source / here - 0.5).clamp(0, source - 1)
    left = places.long().clamp(max=max(source - 2, 0))
    share = places - left
    matrix = torch.zeros(here, source, dtype=torch.float64)
    matrix.scatter_(1, left[:, None], 1 - share[:, None])
    return matrix.scatter_add_(1, (left[:, None] + 1).clamp(max=source - 1), share[:, None])


@dataclass(frozen=True)
class Interpolate(Resize):
    """Linear interpolation along ``axis`` of ``what``, such as positions; that axis may hold ``groups`` blocks."""

    what: str
    axis: int = 0
    groups: int = 1

    def __call__(self, source: Tensors, here: Tensors, random: torch.Generator) -> Resized | None:
        if not all(self._fits(source[name], here[name]) for name in here):
            return None
        found = {name: self._resize(source[name], here[name].shape[self.axis]) for name in here}
        return Resized(found, f"{self.what} interpolated")

    def _fits(self, source: Tensor, here: Tensor) -> bool:
        return _differ_only_in(self.axis, source, here) and source.shape[self.axis] % self.groups == 0

    def _resize(self, source: Tensor, size: int) -> Tensor:
        first = source.double().movedim(self.axis, 0)
        blocks = first.reshape(self.groups, -1, *first.shape[1:])
        read = interpolation(blocks.shape[1], size // self.groups)
        return torch.einsum("hs,gs...->gh...", read, blocks).flatten(0, 1).movedim(0, self.axis)


@dataclass(frozen=True)
class ResampleInputs(Resize):
    """A linear map `(d l)` of ``what`` with l samples, changed to another number of samples.

    W' = W B⁺, where B is the interpolation from old to new samples: an interpolated stretch gives the same output as
    before (the resizing of Beyer et al. 2023, arXiv:2212.08013, in one dimension). The bias does not change.
    """

    what: str

    def __call__(self, source: Tensors, here: Tensors, random: torch.Generator) -> Resized | None:
        old, new = source["weight"], here["weight"]
        others = {name: tensor for name, tensor in source.items() if name != "weight"}
        if not _differ_only_in(1, old, new) or any(others[name].shape != here[name].shape for name in others):
            return None
        read = interpolation(old.shape[1], new.shape[1])
        weight = old.double() @ torch.linalg.pinv(read)
        return Resized({**others, "weight": weight}, f"{self.what} resampled")


@dataclass(frozen=True)
class CentreKernel(Resize):
    """A convolution's odd kernel on the last axis of `weight`, widened with zeros or cut at both ends."""

    def __call__(self, source: Tensors, here: Tensors, random: torch.Generator) -> Resized | None:
        old, new = source["weight"], here["weight"]
        others = {name: tensor for name, tensor in source.items() if name != "weight"}
        if not _differ_only_in(-1, old, new) or any(others[name].shape != here[name].shape for name in others):
            return None
        more = (new.shape[-1] - old.shape[-1]) // 2
        words = "kernel widened with zeros" if more > 0 else "kernel cut at both ends"
        return Resized({**others, "weight": torch.nn.functional.pad(old, (more, more))}, words)


@dataclass(frozen=True)
class StartAnew(Resize):
    """Tensors that have no meaning at another size, such as a class head: they keep their initial values."""

    what: str

    def __call__(self, source: Tensors, here: Tensors, random: torch.Generator) -> Resized | None:
        return Resized({}, f"{self.what} re-initialised")


@dataclass(frozen=True)
class ClassRows(StartAnew):
    """Tensors with one row (first axis) per class: rows are matched by class name, in any order."""

    what: str = "the class head"

    def reordered(self, source: Tensors, order: Sequence[int]) -> Resized:
        """The rows of ``source`` in the order of the classes here; ``order`` holds the source index of each."""
        return Resized({name: tensor[list(order)] for name, tensor in source.items()}, "rows reordered by class name")


def _differ_only_in(axis: int, source: Tensor, here: Tensor) -> bool:
    if source.dim() != here.dim():
        return False
    others = (tuple(tensor.movedim(axis, 0).shape[1:]) for tensor in (source, here))
    return len(set(others)) == 1
