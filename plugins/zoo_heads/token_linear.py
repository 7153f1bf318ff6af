"""A linear head on tokens."""

from torch import Tensor

from zoo.contracts import LinearHead, Output, Resizing, StartAnew
from zoo_heads.running import RunningStandardize


class TokenLinearHead(LinearHead):
    """Tokens as decoders read them `(b c n d)`, standardised, padded ones 0, flattened and mapped to `(b k)`."""

    def __init__(self, channels: int, tokens: int, width: int, classes: int, dropout: float) -> None:
        super().__init__(channels * tokens * width, classes, dropout)
        self.standardize = RunningStandardize(channels * tokens, width)

    def features(self, output: Output) -> Tensor:
        tokens = output.coded
        assert tokens is not None
        real = None if tokens.mask is None else tokens.mask.flatten(1)
        standardised: Tensor = self.standardize(tokens.features().flatten(1, 2), real)
        return standardised.flatten(1)

    def settle(self) -> None:
        self.standardize.settle()

    def resizing(self) -> Resizing:
        return Resizing({"standardize": StartAnew("statistics"), "classify": StartAnew("the class head")})
