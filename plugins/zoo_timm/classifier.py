"""A timm model as a head on an image."""

from collections.abc import Sequence

from torch import Tensor, nn

from zoo.contracts import ClassRows, Head, Output, Resizing


class ImageClassifier(Head):
    """Logits of an image; ``last`` holds the paths of the layers of ``network`` that have a row per class."""

    def __init__(self, network: nn.Module, last: Sequence[str]) -> None:
        super().__init__()
        self.network = network
        self.last = tuple(last)

    def forward(self, output: Output) -> Tensor:
        """`image (b c h w) -> (b k)`."""
        logits: Tensor = self.network(output.image)
        return logits

    def resizing(self) -> Resizing:
        return Resizing({f"network.{name}": ClassRows() for name in self.last})
