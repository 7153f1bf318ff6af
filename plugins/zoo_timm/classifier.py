"""A timm model as a head on an image."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn
from zoo_registry import SpecError

from zoo.contracts import ClassRows, Head, Output, Resizing, Tapped


class ImageClassifier(Head):
    """Logits of an image; ``last`` holds the paths of the layers of ``network`` that have a row per class.

    ``taps`` is the number of last feature maps that ``tapped`` returns.
    """

    def __init__(self, network: nn.Module, last: Sequence[str], taps: int) -> None:
        super().__init__()
        self.network = network
        self.taps = taps
        self.last = tuple(last)

    def forward(self, output: Output) -> Tensor:
        """`image (b c h w) -> (b k)`."""
        logits: Tensor = self.network(output.image)
        return logits

    def tapped(self, output: Output) -> Tapped:
        """Raises SpecError for a backbone whose feature maps timm cannot return."""
        network: Any = self.network
        try:
            last, features = network.forward_intermediates(output.image, indices=self.taps)
        except (AttributeError, AssertionError):  # not every timm model has the method, or as many feature maps
            expected, hint = f"a backbone with {self.taps} feature maps", "distil logits alone, or use another backbone"
            raise SpecError("head.backbone", expected, type(network).__name__, hint) from None
        return Tapped(network.forward_head(last), tuple(features))

    def resizing(self) -> Resizing:
        return Resizing({f"network.{name}": ClassRows() for name in self.last})
