"""A model with a quantizer: nothing about its codes is optional."""

import torch
from torch import Tensor
from zoo_registry import SpecError

from zoo.contracts import CodedOutput
from zoo.model.assembly import ZooModel


class CodedModel:
    """The ``model``, its ``quantizer``, and the shapes of its ``tokens`` `c n d` and ``codes`` `c n q k`.

    Raises SpecError for a model without a quantizer.
    """

    def __init__(self, model: ZooModel) -> None:
        if model.quantizer is None or model.trace.tokens is None or model.trace.codes is None:
            hint = "add one to the spec and train it; `zoo list quantizer` shows the kinds"
            raise SpecError("quantizer", "a model with a codebook", "none", hint)
        self.model, self.quantizer = model, model.quantizer
        self.tokens, self.codes = model.trace.tokens, model.trace.codes

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
