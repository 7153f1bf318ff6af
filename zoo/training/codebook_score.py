"""The codebook score on the validation split, measured every few epochs, to keep the best codebook."""

import lightning as L
import numpy as np

from zoo.codebook.measure import MOST_TRAINING, codebook_score
from zoo.data.batch import batches, evenly
from zoo.training.data import data_of
from zoo.training.module import ZooTraining


class CodebookScore(L.Callback):
    """Logs `val/codebook`, the codebook score, after the first epoch and then every ``every`` epochs.

    It equals the result of `zoo codebook` on the validation split with the same weights. It must come before the
    callback that writes metrics.csv. Each process measures the whole split, and all use the value of the first, because
    they must agree on the best weights.
    """

    def __init__(self, every: int) -> None:
        self.every = every

    def on_validation_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        assert isinstance(pl_module, ZooTraining)
        if trainer.current_epoch % self.every:
            return
        loaded = data_of(trainer)
        validation, train = loaded.data.validation, loaded.data.train
        size, device = loaded.judge_batch, pl_module.device
        found = codebook_score(
            pl_module.model,
            batches(validation, np.arange(len(validation)), size, device),
            batches(train, evenly(len(train), MOST_TRAINING), size, device),
            loaded.data.classes,
        )
        pl_module.codebook_score = float(trainer.strategy.broadcast(found))
        pl_module.log("val/codebook", pl_module.codebook_score)
