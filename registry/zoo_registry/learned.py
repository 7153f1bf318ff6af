"""The spec of a quantizer that learns its codes: how codes are initialised, and what happens to unused ones."""

from typing import Literal

from pydantic import Field

from zoo_registry.component import QuantizerSpec


class LearnedQuantizerSpec(QuantizerSpec):
    """A quantizer with a learned codebook; `zoo.contracts.CodebookMaintenance` implements these fields."""

    start: Literal["random", "kmeans"] = "random"
    """Initial codes: random, or k-means of the tokens of the first optimizer step in which the quantizer learns, over
    all its batches and processes; until then the codes are zeros."""

    precision: Literal["exact", "tf32", "bf16"] = "exact"
    """Precision of the products that find the nearest code: float32, or faster types, which may choose another code if
    two are nearly equally near. tf32 is float32 on devices without tf32."""

    reset_after: int | None = Field(default=None, ge=1, le=1_000_000)
    """Optimizer steps without a token after which a code is moved to a random token of the step; null never resets."""

    reset_below: float = Field(default=0.1, gt=0, lt=1)
    """Share of even use (tokens / codes) below which a code's moving average marks it as dead; the average falls from 1
    to this value in `reset_after` steps without a token."""
