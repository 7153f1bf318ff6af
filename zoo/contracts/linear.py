"""Heads that are a linear map of features: learned by gradient, or solved in closed form."""

from abc import abstractmethod

from torch import Tensor, nn

from zoo.contracts.roles import Head
from zoo.contracts.values import Output
from zoo.kernels import without_autocast


class LinearHead(Head):
    """Logits `(b k)` as the linear map ``classify`` of the ``features (b f)`` of an output.

    ``blocks`` are the sizes of groups of neighbouring features, with sum f. Features of a group share one scale: a
    closed-form solver gives all groups equal weight, and does not rescale features within a group. None: every feature
    is its own group.
    """

    blocks: tuple[int, ...] | None = None

    def __init__(self, features: int, classes: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.classify = nn.Linear(features, classes)

    @abstractmethod
    def features(self, output: Output) -> Tensor:
        """The input of ``classify``, `(b f)`; padded tokens and unobserved samples have no influence."""

    def settle(self) -> None:
        """Freeze the statistics that ``features`` depend on, because the map has been solved."""
        return

    def forward(self, output: Output) -> Tensor:
        """`(b k)`, in the precision of the map: a solved map subtracts large offsets."""
        features = self.dropout(self.features(output))
        with without_autocast(features.device):
            logits: Tensor = self.classify(features.to(self.classify.weight.dtype))
        return logits
