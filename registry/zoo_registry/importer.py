"""How a plugin takes in weights that were trained elsewhere: a checkpoint in, a model spec and named tensors out."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zoo_registry.errors import BundleError, SpecError
from zoo_registry.suggest import nearest

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Checkpoint:
    """A file of weights, read as data: its tensors by name, without the prefixes of wrappers, and what lay beside them.

    ``where`` is its path; every tensor is dense, real and finite.
    """

    where: str
    tensors: Mapping[str, "Tensor"]
    entries: Mapping[str, Any]

    def shape(self, name: str, axes: int) -> tuple[int, ...]:
        """Sizes of one tensor; raise BundleError when there is none of that name with that many ``axes``."""
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
        """How many numbered modules lie under ``stack``: one more than the highest number."""
        inside = (name.removeprefix(f"{stack}.") for name in self.tensors if name.startswith(f"{stack}."))
        heads = (name.partition(".")[0] for name in inside)
        return 1 + max((int(head) for head in heads if head.isdecimal() and len(head) < 7), default=-1)


@dataclass(frozen=True)
class Imported:
    """What a checkpoint came to: ``model``, the plain data of a spec, with every tensor under the name it has there.

    ``notes`` are sentences on what the file did not say and what was taken instead.
    """

    model: Mapping[str, Any]
    tensors: Mapping[str, "Tensor"]
    notes: Sequence[str] = ()


class Importer(ABC):
    """Reads one kind of checkpoint. The docstring of a subclass opens with one sentence that says which."""

    @abstractmethod
    def convert(self, checkpoint: Checkpoint, given: Mapping[str, int]) -> Imported:
        """The model in ``checkpoint``; ``given`` are sizes of the input that the user names, by axis letter.

        Tensors of which the importer knows no place keep their names, so that they are refused by them.
        Raises BundleError for a file of another kind and SpecError for sizes that are not asked for.
        """


def input_sizes(given: Mapping[str, int], usual: Mapping[str, int]) -> tuple[dict[str, int], list[str]]:
    """The axes of ``usual`` as ``given``, or as usual with a note; raise SpecError for any other axis."""
    for axis in given:
        if axis not in usual:
            expected = f"sizes of {', '.join(usual)} alone" if usual else "no sizes, since the file tells all"
            raise SpecError("--input", expected, f"{axis}={given[axis]}", f"leave {axis} out")
    assumed = ", ".join(f"{axis}={size}" for axis, size in usual.items() if axis not in given)
    notes = [f"the file does not say {assumed}: the usual was taken; --input changes it"] if assumed else []
    return {**usual, **given}, notes
