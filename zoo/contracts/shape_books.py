"""Heads that count which stretches match which code: their codebooks can be drawn and their decisions explained."""

from abc import abstractmethod
from collections.abc import Iterator
from typing import NamedTuple

from torch import Tensor

from zoo.contracts.linear import LinearHead
from zoo.contracts.values import Output


class ShapeBook(NamedTuple):
    """A codebook whose codes are shapes: ``shapes (k a s)`` with a axes; each sample is the mean of ``scale`` signal
    samples.

    ``name`` is unique among the books of the head. A shape represents a stretch of `scale · s` samples without its
    mean, in units that the head defines.
    """

    name: str
    scale: int
    shapes: Tensor


class Uses(NamedTuple):
    """The nearest code `codes (b g p)` of each stretch, for g series or for all channels together (g = 1).

    Stretches start at samples ``starts (p)``; ``seen (b g p)`` is True where a stretch is fully observed, None =
    everywhere.
    """

    book: ShapeBook
    codes: Tensor
    starts: Tensor
    seen: Tensor | None


class Evidence(NamedTuple):
    """Contributions to a linear map of counts, place by place.

    ``said (b g p f)`` is the contribution of the stretches at ``starts (p)``, of ``length`` samples, to each of ``cells
    (b g p f)``; ``seen (b g p)`` is True where a stretch was counted. ``usual (g k)`` is the contribution of each cell
    in an average window; it is subtracted if anything was counted. ``book`` is the index of the codebook, None if cells
    are not shapes; ``name`` describes the cells. The total of ``said`` minus the total of ``usual`` is the map without
    its bias.
    """

    name: str
    book: int | None
    starts: Tensor
    length: int
    cells: Tensor
    said: Tensor
    seen: Tensor
    usual: Tensor


class ShapesHead(LinearHead):
    """A linear head whose features count codes of stretches."""

    @abstractmethod
    def read(self, output: Output) -> Tensor:
        """The signal that stretches are taken from, `(b c t)`."""

    @abstractmethod
    def books(self) -> tuple[ShapeBook, ...]:
        """The codebooks."""

    @abstractmethod
    def uses(self, output: Output) -> Iterator[Uses]:
        """Codes and their places in ``output``, one item per book, in the order of ``books``."""

    @abstractmethod
    def evidence(self, output: Output, weight: Tensor) -> Iterator[Evidence]:
        """The contributions whose sum is the map ``weight (f)`` of the features of ``output``."""
