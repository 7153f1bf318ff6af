"""A linear head on tokens."""

from torch import Tensor, nn

from zoo.contracts import Head, Output, Resizing, StartAnew
from zoo_heads.running import RunningStandardize


class TokenLinearHead(Head):
    """Tokens as decoders read them `(b c n d)`, standardised, padded ones 0, flattened and mapped to `(b k)`."""

    def __init__(self, channels: int, tokens: int, width: int, classes: int, dropout: float) -> None:
        super().__init__()
        self.standardize = RunningStandardize(channels * tokens, width)
        self.dropout = nn.Dropout(dropout)
        self.classify = nn.Linear(channels * tokens * width, classes)

    def forward(self, output: Output) -> Tensor:
        tokens = output.coded
        assert tokens is not None
        real = None if tokens.mask is None else tokens.mask.flatten(1)
        features = self.standardize(tokens.features().flatten(1, 2), real)
        logits: Tensor = self.classify(self.dropout(features.flatten(1)))
        return logits

    def resizing(self) -> Resizing:
        return Resizing({"standardize": StartAnew("statistics"), "classify": StartAnew("the class head")})
