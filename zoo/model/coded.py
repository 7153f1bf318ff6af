"""A model with a quantizer: nothing about its codes is optional."""

import torch
from torch import Tensor

from zoo.contracts import CodedOutput, required
from zoo.model.assembly import ZooModel


class CodedModel:
    """The ``model``, its ``quantizer``, and the shapes of its ``tokens`` `c n d` and ``codes`` `c n q k`.

    Raises SpecError for a model without a quantizer.
    """

    def __init__(self, model: ZooModel) -> None:
        self.model = model
        self.quantizer = required(model.quantizer, "quantizer", "code")
        self.tokens = required(model.trace.tokens, "encoder", "code")
        self.codes = required(model.trace.codes, "quantizer", "code")

    @property
    def books(self) -> int:
        """Number of codebooks g."""
        return self.model.books

    @property
    def size(self) -> int:
        """Codes k of a level of a book."""
        return self.codes["k"]

    @property
    def levels(self) -> int:
        """Code levels q."""
        return self.codes["q"]

    @property
    def device(self) -> torch.device:
        """Device of the weights."""
        return self.model.device

    def encode(self, x: Tensor, mask: Tensor | None = None) -> CodedOutput:
        """Tokens and codes of `x (b c t)`."""
        return self.model.code(x, mask)
