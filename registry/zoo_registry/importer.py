"""How a plugin imports weights that were trained elsewhere: from a checkpoint to a model spec and named tensors."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from zoo_registry.errors import BundleError, SpecError
from zoo_registry.suggest import nearest

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Checkpoint:
    """A weights file, read as data: its tensors by name, without wrapper prefixes, and its other entries.

    ``where`` is its path; every tensor is dense, real and finite.
    """

    where: str
    tensors: Mapping[str, "Tensor"]
    entries: Mapping[str, Any]

    def shape(self, name: str, axes: int) -> tuple[int, ...]:
        """Sizes of one tensor; raise BundleError if there is no tensor of that name with that number of ``axes``."""
        if name not in self.tensors:
            close = nearest(name, self.tensors)
            found = f"none among {len(self.tensors)}" + (f" (nearest is {close})" if close else "")
            raise BundleError(self.where, f"a tensor {name}", found, "check that the file is of this importer's model")
        shape = tuple(self.tensors[name].shape)
        if len(shape) != axes:
            hint = "check that the file is of this importer's model"
            raise BundleError(self.where, f"{name} with {axes} axes", f"shape {shape}", hint)
        return shape

    def layers(self, stack: str) -> int:
        """Number of numbered modules under ``stack``: the highest number plus one."""
        inside = (name.removeprefix(f"{stack}.") for name in self.tensors if name.startswith(f"{stack}."))
        heads = (name.partition(".")[0] for name in inside)
        return 1 + max((int(head) for head in heads if head.isdecimal() and len(head) < 7), default=-1)


@dataclass(frozen=True)
class Imported:
    """A converted checkpoint: ``model``, the plain data of a spec, and every tensor under its name in that model.

    ``notes`` are sentences about values that the file does not hold and the values used instead.
    """

    model: Mapping[str, Any]
    tensors: Mapping[str, "Tensor"]
    notes: Sequence[str] = ()


class Importer(ABC):
    """Reads one kind of checkpoint. The docstring of a subclass starts with one sentence that names the kind."""

    published: ClassVar[str] = ""
    """Where such checkpoints are published, and the licence they are under; empty if they are not."""

    @abstractmethod
    def convert(self, checkpoint: Checkpoint, given: Mapping[str, int]) -> Imported:
        """The model in ``checkpoint``; ``given`` holds input sizes set by the user, by axis letter.

        Tensors unknown to the importer keep their names, so that the error can name them. Raises BundleError for a file
        of another kind and SpecError for sizes that this importer does not use.
        """


def input_sizes(given: Mapping[str, int], usual: Mapping[str, int]) -> tuple[dict[str, int], list[str]]:
    """Size of each axis in ``usual``: as ``given``, else the usual one with a note; raise SpecError for any other
    axis."""
    for axis in given:
        if axis not in usual:
            expected = f"sizes of {', '.join(usual)} alone" if usual else "no sizes, since the file tells all"
            raise SpecError("--input", expected, f"{axis}={given[axis]}", f"leave {axis} out")
    assumed = ", ".join(f"{axis}={size}" for axis, size in usual.items() if axis not in given)
    notes = [f"the file does not say {assumed}: the usual was taken; --input changes it"] if assumed else []
    return {**usual, **given}, notes
