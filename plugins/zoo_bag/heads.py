"""Linear heads on a bag of shapes, of the signal or of the reconstruction."""

import re
from collections.abc import Iterator

import torch
from torch import Tensor
from zoo_registry import Shape

from zoo.contracts import (
    ClassRows,
    Evidence,
    Output,
    Resizing,
    ShapeBook,
    ShapesHead,
    StartAnew,
    Uses,
    observed,
    required,
)
from zoo_bag.bag import Bag, Counted
from zoo_bag.layout import Block
from zoo_bag.specs import BagSpec


class BagHead(ShapesHead):
    """Logits `(b k)` of a bag; raises BundleError before its codebooks have been learned."""

    def __init__(self, spec: BagSpec, x: Shape, classes: int) -> None:
        layout = spec.layout(x)
        super().__init__(layout.features, classes)
        self.blocks = tuple(block.size for block in layout.blocks)
        self.bag = Bag(spec, layout)

    def features(self, output: Output) -> Tensor:
        """`(b f)`."""
        found: Tensor = self.bag(self.read(output), output.mask)
        return found

    def resizing(self) -> Resizing:
        bag = StartAnew("the bag of another input")
        return Resizing({"bag": bag, "bag.codes": bag, "bag.standardize": bag, "classify": ClassRows()})

    def renamed(self, name: str) -> str:
        """Codebooks were tensors of `bag` itself before they could be transferred alone."""
        return re.sub(r"^bag\.(axis|joint)_", r"bag.codes.\1_", name)

    def books(self) -> tuple[ShapeBook, ...]:
        return tuple(self._book(block) for block in self.bag.layout.blocks if block.kind != "level")

    def uses(self, output: Output) -> Iterator[Uses]:
        for block, votes, _ in self._counted(output):
            if block.kind != "level":
                yield Uses(self._book(block), votes.cells[..., 0], self._starts(block), votes.seen)

    @torch.no_grad()
    def evidence(self, output: Output, weight: Tensor) -> Iterator[Evidence]:
        """The root of a share is a sum over n places with vote v each: √s = Σ v / (n √s). So it splits by place."""
        weights = torch.split(weight, self.bag.sizes)
        number = 0
        for place, (counted, middle) in enumerate(zip(self._counted(output), self.bag.middles(), strict=True)):
            block, votes, shares = counted
            each = weights[place].view(block.series, -1) / self.bag.spread[place]
            roots = shares.sqrt().clamp(min=torch.finfo(shares.dtype).tiny)
            of_cell = each / (roots * votes.number().unsqueeze(-1))
            contribution = votes.weight * of_cell.gather(-1, votes.cells.flatten(2)).view_as(votes.weight)
            shaped = block.kind != "level"
            yield Evidence(
                name=self._name(block),
                book=number if shaped else None,
                starts=self._starts(block),
                length=self._length(block),
                cells=votes.cells,
                said=contribution,
                seen=observed(votes.seen, votes.weight[..., 0]),
                usual=each * middle,
            )
            number += shaped

    def _counted(self, output: Output) -> Iterator[Counted]:
        self.bag.require_filled()
        return self.bag.count(self.read(output), output.mask)

    def _book(self, block: Block) -> ShapeBook:
        codes = self.bag.codes.of(block)
        return ShapeBook(self._name(block), block.scale, codes.view(len(codes), -1, self.bag.layout.samples))

    def _name(self, block: Block) -> str:
        span = f"over {self._length(block)} samples"
        if block.kind == "level":
            return f"level and deviation {span}"
        return f"{block.cells} {'shapes of one axis' if block.kind == 'axis' else 'shapes of all axes'} {span}"

    def _length(self, block: Block) -> int:
        return block.scale * self.bag.layout.samples

    def _starts(self, block: Block) -> Tensor:
        layout = self.bag.layout
        return torch.arange(layout.places(block.scale), device=self.bag.middle.device) * layout.step


class SignalHead(BagHead):
    """A bag of the input signal."""

    def read(self, output: Output) -> Tensor:
        """`x (b c t)`."""
        return output.x


class ReconHead(BagHead):
    """A bag of the reconstruction; weights and buffers have the same names as in SignalHead."""

    def read(self, output: Output) -> Tensor:
        """`x_recon (b c t)`."""
        return required(output.x_recon, "decoder", "classify reconstructions")
