"""Trainings that end too early, and what a run left: its rows and its weights."""

import lightning as L
import torch

import zoo
from zoo.runs.folder import RunFolder
from zoo.runs.metrics import MetricsFile


class Stop(L.Callback):
    """Ends a training after ``epochs``, as when the machine fails."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        if trainer.current_epoch == self.epochs:
            raise ConnectionError


def rows(folder: RunFolder) -> list[dict[str, str]]:
    return MetricsFile(folder.metrics).rows()


def weights(folder: RunFolder) -> dict[str, torch.Tensor]:
    return dict(zoo.load(folder.bundle).state_dict())
