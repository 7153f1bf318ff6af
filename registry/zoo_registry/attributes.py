"""Numbers that an encoder gives for every token, in addition to its values."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Attribute:
    """One number per token, read by its ``name``; ``meaning`` and ``unit`` are for `zoo show`.

    ``plain`` is its value for a token whose drawn shape is that of its code, neither moved nor scaled.
    """

    name: str
    meaning: str
    unit: str
    plain: float


START = Attribute("t", "start of the token's stretch", "share of the series", 0.0)
LENGTH = Attribute("l", "length of the token's stretch", "share of the series", 1.0)
OFFSET = Attribute("mu", "offset of the token's shape", "unit of the encoder's input", 0.0)
SCALE = Attribute("sigma", "scale of the token's shape", "unit of the encoder's input", 1.0)

STRETCH = (START, LENGTH, OFFSET, SCALE)
"""Attributes of a token that represents a stretch of a series; measures of codebooks read them by these names."""


def give_places(attributes: Iterable[Attribute]) -> bool:
    """Whether ``attributes`` include the start and the length of a token's stretch, by their names."""
    return {START.name, LENGTH.name} <= {attribute.name for attribute in attributes}
