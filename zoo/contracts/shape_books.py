"""Heads that count which stretches look like which code: their codebooks can be drawn, their decisions read back."""

from abc import abstractmethod
from collections.abc import Iterator
from typing import NamedTuple

from torch import Tensor

from zoo.contracts.linear import LinearHead
from zoo.contracts.values import Output


class ShapeBook(NamedTuple):
    """A codebook whose codes are shapes: ``shapes (k a s)`` of a axes, each sample the mean of ``scale`` samples.

    ``name`` is unlike that of any other book of the head. A shape stands for a stretch of `scale · s` samples, less its
    mean, in units of the head's own.
    """

    name: str
    scale: int
    shapes: Tensor


class Uses(NamedTuple):
    """The nearest code `codes (b g p)` of each stretch, of g series or of all channels at once (g = 1).

    Stretches begin at samples ``starts (p)``; ``seen (b g p)`` is True where one was observed whole, None = everywhere.
    """

    book: ShapeBook
    codes: Tensor
    starts: Tensor
    seen: Tensor | None


class Evidence(NamedTuple):
    """What a linear map of counts says, place by place.

    ``said (b g p f)`` is what the stretches at ``starts (p)``, of ``length`` samples, add by being counted for
    ``cells (b g p f)``, ``seen (b g p)`` whether one was. ``usual (g k)`` is what each cell adds in a usual window;
    it is taken off where anything was counted. ``book`` is the number of the codebook, None where cells are no shapes;
    ``name`` says what they are. The sum over everything of ``said`` less ``usual`` is the map without its bias.
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
        """The signal that stretches are cut from, `(b c t)`."""

    @abstractmethod
    def books(self) -> tuple[ShapeBook, ...]:
        """The codebooks."""

    @abstractmethod
    def uses(self, output: Output) -> Iterator[Uses]:
        """Which codes occur where in ``output``, book by book in the order of ``books``."""

    @abstractmethod
    def evidence(self, output: Output, weight: Tensor) -> Iterator[Evidence]:
        """What the map ``weight (f)`` of the features of ``output`` is the sum of."""
