"""Heads that are a linear map of features: it can be learned by gradient, or solved for."""

from abc import abstractmethod

from torch import Tensor, nn

from zoo.contracts.roles import Head
from zoo.contracts.values import Output
from zoo.kernels import without_autocast


class LinearHead(Head):
    """Logits `(b k)` as the linear map ``classify`` of the ``features (b f)`` of an output.

    ``blocks`` are the sizes of groups of neighbouring features, f in sum. Features of a group share one scale: whoever
    solves for the map weighs groups alike, and leaves the features within a group as they are. None: every feature is
    a group of its own.
    """

    blocks: tuple[int, ...] | None = None

    def __init__(self, features: int, classes: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.classify = nn.Linear(features, classes)

    @abstractmethod
    def features(self, output: Output) -> Tensor:
        """What ``classify`` reads, `(b f)`; nothing of padded tokens or unobserved samples."""

    def settle(self) -> None:
        """Keep statistics that ``features`` depend on as they are from now on: the map has been solved for."""
        return

    def forward(self, output: Output) -> Tensor:
        """`(b k)`, in the map's own precision: one that was solved for takes large offsets off."""
        features = self.dropout(self.features(output))
        with without_autocast(features.device):
            logits: Tensor = self.classify(features.to(self.classify.weight.dtype))
        return logits
