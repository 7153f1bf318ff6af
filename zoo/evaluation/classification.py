"""Classification counted over a whole split; every accuracy is an integer over the split's size."""

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.classification import MulticlassCalibrationError, MulticlassConfusionMatrix

from zoo.evaluation.judge import Reading
from zoo.evaluation.score import ClassScore, Reader, Score

_BINS = 15
"""Bins of equal width, closed below, of the calibration error (Naeini et al. 2015; Guo et al. 2017)."""
_SURE = 1 - 2**-24
"""Largest confidence, the float32 before 1: torchmetrics gives 1 itself a bin of its own."""


class Classification:
    """Counts the predictions of ``reader`` in a confusion matrix, and compares its confidence with its accuracy.

    ``names`` are those of the classes.
    """

    def __init__(self, reader: Reader, names: tuple[str, ...]) -> None:
        self.reader = reader
        self.names = names
        self._matrix: Metric = MulticlassConfusionMatrix(len(names))
        self._calibration: Metric = MulticlassCalibrationError(len(names), _BINS, "l1", validate_args=False)
        self._confident = False

    def reset(self) -> None:
        """Reset all counts."""
        self._matrix.reset()
        self._calibration.reset()
        self._confident = False

    def update(self, logits: Tensor, target: Tensor) -> None:
        """Count `logits (b k)` against `target (b)`."""
        self.count(Reading(logits.argmax(-1), logits), target)

    def count(self, reading: Reading, target: Tensor) -> None:
        """Count the reading of a judge against `target (b)`."""
        self._matrix.to(target.device).update(reading.classes, target)
        if reading.logits is not None:
            self._confident = True
            confidence = reading.logits.detach().float().softmax(-1).clamp(max=_SURE)
            if self._calibration.device != target.device:  # `to` visits every batch that it has kept
                self._calibration.to(target.device)
            self._calibration.update(confidence, target)

    def report(self) -> Score:
        """Scores of everything counted since the last reset."""
        counts: Tensor = self._matrix.compute().cpu().long()
        hits, support, predicted = counts.diag(), counts.sum(1), counts.sum(0)
        recall = hits / support.clamp(min=1)
        f1 = 2 * hits / (support + predicted).clamp(min=1)
        present, seen = support > 0, (support + predicted) > 0
        total, correct = int(counts.sum()), int(hits.sum())
        return Score(
            reader=self.reader,
            correct=correct,
            total=total,
            accuracy=correct / max(total, 1),
            balanced_accuracy=_mean(recall, present),
            macro_f1=_mean(f1, seen),
            ece=float(self._calibration.compute()) if self._confident else None,
            never_predicted=[n for n, p, s in zip(self.names, predicted, support, strict=True) if p == 0 and s > 0],
            classes=[
                ClassScore(name=n, support=int(s), predicted=int(p), recall=float(r) if s else None)
                for n, s, p, r in zip(self.names, support, predicted, recall, strict=True)
            ],
            confusion=counts.tolist(),
        )


def _mean(values: Tensor, where: Tensor) -> float:
    return float(values[where].double().mean()) if bool(where.any()) else float("nan")


def majority(support: Tensor) -> tuple[int, int]:
    """Index of the most frequent class and its count, from `support (k)`."""
    best = int(torch.argmax(support))
    return best, int(support[best])
