"""The bar that moves while a run trains: one line for the whole training, with the numbers that matter."""

from typing import Any

import lightning as L
from lightning.pytorch.callbacks import ProgressBar
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from zoo.train.module import ZooTraining


class EpochBar(ProgressBar):
    """Epochs as a bar that moves with every batch; phase, loss and validation beside it."""

    def __init__(self, label: str = "training") -> None:
        super().__init__()
        self.label = label
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        super().on_train_start(trainer, pl_module)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[numbers]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
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
            self._progress.update(self._task, numbers=_numbers(trainer, pl_module))

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._stop()

    def on_exception(self, trainer: L.Trainer, pl_module: L.LightningModule, exception: BaseException) -> None:
        self._stop()

    def _stop(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None


def _numbers(trainer: L.Trainer, module: ZooTraining) -> str:
    row = module.ledger.row()
    report = module.validation.report()
    parts = [f"epoch {trainer.current_epoch + 1}", f"[{row['phase']}]", f"loss {float(row['train/loss']):.4g}"]
    if report.reconstruction:
        parts.append(f"val mse {report.reconstruction[-1].mse:.4g}")
    parts += [f"val {name} {scores.correct}/{scores.total}" for name, scores in report.classifiers.items()][:1]
    return "  ".join(parts).replace("[", "\\[")
