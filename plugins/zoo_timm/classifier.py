"""A timm model as head on an image."""

from torch import Tensor, nn

from zoo.contracts import Head, Output


class ImageClassifier(Head):
    """Logits of an image."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, output: Output) -> Tensor:
        """`image (b c h w) -> (b k)`."""
        logits: Tensor = self.network(output.image)
        return logits
