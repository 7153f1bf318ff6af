"""Trainings that end too early, and what a run left: its rows and its weights."""

import math
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

import lightning as L
import pytest
import torch
from zoo_registry import RunSpec

import zoo
from zoo.runs.folder import RunFolder
from zoo.runs.metrics import MetricsFile
from zoo.training import pace
from zoo.training.fit import train


class Stop(L.Callback):
    """Ends a training after ``epochs``, as when the machine fails."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        if trainer.current_epoch == self.epochs:
            raise ConnectionError


def stopped_and_resumed(
    run: RunSpec, path: Path, epochs: int, hooks: Sequence[L.Callback] = (), share: float = math.inf
) -> RunFolder:
    """Train ``run`` into ``path``, stopped after ``epochs`` and resumed with ``hooks``.

    Every epoch is written, or fewer if writing may take only a ``share`` of the time.
    """
    with patch.object(pace, "SHARE", share), pytest.raises(ConnectionError):
        train(run, path, quiet=True, hooks=[Stop(epochs)])
    return train(run, path, resume=True, quiet=True, hooks=hooks)


def write_every_epoch() -> None:
    """Let this process write a checkpoint after every epoch, whatever that takes of its time."""
    pace.SHARE = math.inf


def resuming(spec: Path, out: Path) -> list[str]:
    """Arguments of `zoo` that train the run ``spec`` into ``out``, from the start or from its last checkpoint."""
    return ["train", str(spec), "--out", str(out), "--resume"]


def rows(folder: RunFolder) -> list[dict[str, str]]:
    return MetricsFile(folder.metrics).rows()


def weights(folder: RunFolder) -> dict[str, torch.Tensor]:
    return dict(zoo.load(folder.bundle).state_dict())


def differing(one: RunFolder, other: RunFolder) -> list[str]:
    """Names of the tensors that differ in any bit, or that only one of the two has."""
    first, second = weights(one), weights(other)
    return sorted(
        name
        for name in first.keys() | second.keys()
        if name not in first or name not in second or not torch.equal(first[name], second[name])
    )
