"""Linear heads on tokens and on code histograms."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field
from zoo_registry import HeadSpec, Need, Shape, ShapeError, hookimpl

if TYPE_CHECKING:
    from zoo.contracts import Head

_MOST_FEATURES = 2**24


class TokenLinear(HeadSpec):
    """A linear map of tokens, pooled or kept in order, with their attributes if they have any.

    Every feature is standardised by running statistics.
    """

    gained: ClassVar[Mapping[str, Any]] = {"pool": "none", "units": "scale"}
    kind: Literal["heads.token-linear"] = "heads.token-linear"
    needs: ClassVar[Need] = "tokens"
    linear: ClassVar[bool] = True

    pool: Literal["none", "moments"] = "moments"
    """moments: mean and deviation of each feature over the tokens of a series. none: the tokens in order, not
    pooled."""

    units: Literal["data", "scale"] = "data"
    """data: mu and the logarithm of sigma in the data's units, plus the mean and log deviation of each series, which
    the instance scale removes. scale: attributes as the encoder gives them, without what the instance scale removed."""

    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of features dropped in training."""

    def check(self, x: Shape) -> None:
        tokens = 2 if self.pool == "moments" else x["n"]
        features = x["c"] * (tokens * x["d"] + (2 if self.units == "data" else 0))
        _require_few("tokens", x, features, "fewer or narrower tokens, or a fusion of the channels")

    def build(self, x: Shape, classes: int) -> "Head":
        from zoo_heads.token_linear import TokenLinearHead

        return TokenLinearHead(x, classes, self.dropout, self.pool, self.units)


class HistogramLinear(HeadSpec):
    """A linear map of how often each code occurs in each channel, standardised by running statistics."""

    kind: Literal["heads.histogram-linear"] = "heads.histogram-linear"
    needs: ClassVar[Need] = "codes"
    linear: ClassVar[bool] = True

    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of features dropped in training."""

    def check(self, x: Shape) -> None:
        _require_few("codes", x, x["c"] * x["q"] * x["k"], "fewer codes, or a fusion of the channels")

    def build(self, x: Shape, classes: int) -> "Head":
        from zoo_heads.histogram_linear import HistogramLinearHead

        return HistogramLinearHead(x["c"], x["q"], x["k"], classes, self.dropout)


def _require_few(what: str, x: Shape, features: int, hint: str) -> None:
    if features > _MOST_FEATURES:
        found = f"{features} from {what} {x}"
        raise ShapeError("head", f"{_MOST_FEATURES} features at most for a linear map", found, hint)


@hookimpl
def zoo_components() -> list[type[HeadSpec]]:
    return [TokenLinear, HistogramLinear]
