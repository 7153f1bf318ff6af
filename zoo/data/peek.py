"""The input of a model for some data, without preparing the data."""

from zoo_registry import InputSpec
from zoo_registry.data import DataSpec

from zoo.data.check import input_after
from zoo.data.sources import peek


def input_of(spec: DataSpec) -> InputSpec:
    """Channels, length after the length step, and classes; reads as little as the source allows, and does not import
    torch.

    Raises DataError for errors that show without reading everything.
    """
    return input_after(peek(spec.source), spec, spec.source.location)
