"""How many windows logits classify correctly: seen in training, held out in a fold, or in another split."""

from typing import NamedTuple

from zoo.data.split import DataSet, Split
from zoo.teachers.logits_file import Logits, LogitsFile


class Count(NamedTuple):
    """Windows of a split whose class has the largest logit; ``logits`` says what the model knew of the windows."""

    split: str
    logits: str
    correct: int
    total: int

    @property
    def accuracy(self) -> float:
        """Share of correct ones."""
        return self.correct / self.total


def counts(file: LogitsFile, data: DataSet, in_sample: Logits) -> list[Count]:
    """The counts of a file on its data; `in_sample (n k)` are logits of the training split by a model that saw it."""
    found = [_count(data.train, "in-sample", in_sample)]
    if file.folds is not None:
        found.append(_count(data.train, "out-of-fold", file.train))
    others = ((data.validation, file.validation), (data.test, file.test))
    return found + [_count(split, "not trained on", logits) for split, logits in others if logits is not None]


def _count(split: Split, known: str, logits: Logits) -> Count:
    return Count(split.name, known, int((logits.argmax(1) == split.y).sum()), len(split))
