"""From a source to train, validation and test splits; only ``zoo.training.data`` and batches need torch."""

from zoo.data.peek import input_of
from zoo.data.prepare import prepare
from zoo.data.split import DataSet, Split

__all__ = ["DataSet", "Split", "input_of", "prepare"]
