"""Fit of the shapes drawn for every code to the stretches of its tokens."""

import torch

from zoo.codebook.shapes import Array
from zoo.contracts import Output, slots
from zoo.evaluation.report import ShapeScore
from zoo.evaluation.shape_fit import ShapeFit, stretches
from zoo.model.coded import CodedModel


class CodeFit:
    """Fits of the codes of a model, and of all tokens together.

    Codes of several levels draw one shape together, so that single codes have no fit.
    """

    def __init__(self, model: CodedModel) -> None:
        self.model = model
        self.size = model.size
        self.alone = model.levels == 1
        self._fit = ShapeFit(model.books * self.size if self.alone else 1, together=False)

    def update(self, decoded: Output) -> None:
        """Add the output of ``decode`` for some windows."""
        found = stretches(self.model.model, decoded)
        if found is None or decoded.quantized is None:
            return
        codes = decoded.quantized.codes
        place = slots(codes, self.model.books, self.size) if self.alone else torch.zeros_like(codes)
        self._fit.to(codes.device).update(found, place[..., 0])

    def whole(self) -> ShapeScore | None:
        """Fit of all tokens; None if no shape was drawn for a known stretch."""
        return self._fit.report([])[-1] if self._fit.update_called else None

    def of(self, book: int, codes: Array) -> list[ShapeScore] | None:
        """Fits of some `codes (u)` of a book; None if single codes have none."""
        if not self.alone or not self._fit.update_called:
            return None
        return self._fit.report((book * self.size + codes).tolist())[:-1]
