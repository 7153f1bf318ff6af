"""The spec of a quantizer that learns its codes: how they start, and what becomes of those that nobody uses."""

from typing import Literal

from pydantic import Field

from zoo_registry.component import QuantizerSpec


class LearnedQuantizerSpec(QuantizerSpec):
    """A quantizer with a learned codebook; `zoo.contracts.CodebookMaintenance` does what these fields say."""

    start: Literal["random", "kmeans"] = "random"
    """Where codes start: drawn at random, or k-means of the tokens of the first optimizer step in which the quantizer
    learns, of all its batches and processes; until then they are zeros."""

    precision: Literal["exact", "tf32", "bf16"] = "exact"
    """Of the products that decide which code is nearest: float32, or faster ones that may take another code where two
    are nearly as near. tf32 is float32 on devices that have none."""

    reset_after: int | None = Field(default=None, ge=1, le=1_000_000)
    """Optimizer steps without a token after which a code is put on a random token of the step; null leaves it."""

    reset_below: float = Field(default=0.1, gt=0, lt=1)
    """Share of even use (tokens / codes) under which a code's moving average marks it as dead; it falls from 1 to this
    in `reset_after` steps without a token."""
