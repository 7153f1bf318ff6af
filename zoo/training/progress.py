"""The progress bar: one line for the whole training, with the main metrics."""

from typing import Any

import lightning as L
from lightning.pytorch.callbacks import ProgressBar
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn
from zoo_registry.escaping import for_terminal

from zoo.training.module import ZooTraining


class EpochBar(ProgressBar):
    """A bar over epochs, updated after every batch, with phase, loss and validation."""

    def __init__(self, label: str) -> None:
        super().__init__()
        self.label = label
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._validated = ""

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        super().on_train_start(trainer, pl_module)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            TaskProgressColumn(),
            TextColumn("{task.fields[numbers]}"),
            TimeRemainingColumn(compact=True),
            console=Console(stderr=True),
            refresh_per_second=2,  # drawing takes more than a millisecond, while training waits
        )
        self._progress.start()
        total = int(trainer.max_epochs or 1) * int(trainer.num_training_batches)
        done = trainer.current_epoch * int(trainer.num_training_batches)
        self._task = self._progress.add_task(self.label, total=total, completed=done, numbers="")

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if self._progress is not None and self._task is not None:
            self._progress.advance(self._task)

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        assert isinstance(pl_module, ZooTraining)
        if self._progress is not None and self._task is not None:
            self._validated = _validation(pl_module) or self._validated
            self._progress.update(self._task, numbers=f"{_training(pl_module)} {self._validated}")

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._stop()

    def on_exception(self, trainer: L.Trainer, pl_module: L.LightningModule, exception: BaseException) -> None:
        self._stop()

    def _stop(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None


def _training(module: ZooTraining) -> str:
    """Phase and loss of the epoch."""
    row = module.ledger.row()
    return escape(for_terminal(f"{row['phase']} loss {float(row['train/loss']):.3g}"))


def _validation(module: ZooTraining) -> str:
    """Mean squared error and correct of total in validation; empty if the epoch was not validated."""
    report, parts = module.found, []
    if report and report.reconstruction:
        parts.append(f"val mse {report.reconstruction[-1].mse:.3g}")
    if report and report.head:
        parts.append(f"val {report.head.correct}/{report.head.total}")
    return escape(" ".join(parts))
