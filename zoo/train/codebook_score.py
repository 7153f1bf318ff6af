"""The codebook score on the validation split, measured every few epochs, so that the best codebook can be kept."""

from collections.abc import Iterator

import lightning as L
import numpy as np

from zoo.codebook.measure import MOST_TRAINING, codebook_score
from zoo.data.batch import Batch, batches
from zoo.data.module import ZooData
from zoo.data.split import Split
from zoo.train.module import ZooTraining


class CodebookScore(L.Callback):
    """Logs `val/codebook` after the first epoch and every ``every`` epochs from then on.

    Comes before the callback that writes metrics.csv. Each process measures the whole split, and the first one's
    number counts, as all must agree on which weights are best.
    """

    def __init__(self, every: int) -> None:
        self.every = every

    def on_validation_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        assert isinstance(pl_module, ZooTraining)
        pl_module.codebook_score = None
        if trainer.current_epoch % self.every:
            return
        loaded = trainer.datamodule  # type: ignore[attr-defined]  # set by fit(datamodule=…)
        assert isinstance(loaded, ZooData)
        split, train = (_batches(loaded, part, pl_module) for part in (loaded.data.validation, loaded.data.train))
        found = codebook_score(pl_module.model, split, train, loaded.data.classes)
        pl_module.codebook_score = float(trainer.strategy.broadcast(found))
        pl_module.log("val/codebook", pl_module.codebook_score)


def _batches(loaded: ZooData, split: Split, module: L.LightningModule) -> Iterator[Batch]:
    size = len(split)
    rows = np.linspace(0, size - 1, min(size, MOST_TRAINING)).round().astype(np.intp)
    return batches(split, rows, loaded.judge_batch, module.device)
