"""Classification counted over a whole split; every accuracy is an integer over the split's size."""

import torch
from torch import Tensor
from torchmetrics import ConfusionMatrix, Metric

from zoo.evaluation.calibration import Calibration
from zoo.evaluation.judge import Reading
from zoo.evaluation.score import ClassScore, Reader, Score


class Classification:
    """Counts the predictions of ``reader`` against labels in a confusion matrix; ``names`` are those of the classes."""

    def __init__(self, reader: Reader, names: tuple[str, ...]) -> None:
        self.reader = reader
        self.names = names
        self._matrix: Metric = ConfusionMatrix(task="multiclass", num_classes=len(names))
        self._calibration = Calibration()
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
            self._calibration.to(target.device).update(reading.logits, target)

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
