"""From files to train, validation and test splits; everything but ``zoo.training.data`` works without torch."""

from zoo.data.peek import input_of
from zoo.data.prepare import prepare
from zoo.data.split import DataSet, Split

__all__ = ["DataSet", "Split", "input_of", "prepare"]
