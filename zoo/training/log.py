"""The log of every epoch: a row of metrics.csv and the same values for TensorBoard."""

import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import lightning as L
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

from zoo.contracts.processes import rank
from zoo.evaluation.report import EvalReport
from zoo.runs.metrics import MetricsFile
from zoo.training.closed import closed_row
from zoo.training.epoch_metrics import Row
from zoo.training.module import ZooTraining

_VERSION = "brain.Event:2"
"""The first record of an event file, which identifies the format."""


class EventWriter:
    """One event file in ``folder``, created with the first values."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / f"events.out.tfevents.{int(time.time())}.{socket.gethostname()}"
        self._waiting: list[Event] = []

    def add(self, numbers: Mapping[str, float], step: int) -> None:
        """Add ``numbers`` by name at ``step``, with the time of now."""
        values = [Summary.Value(tag=name, simple_value=value) for name, value in numbers.items()]
        self._waiting.append(Event(wall_time=time.time(), step=step, summary=Summary(value=values)))

    def write(self) -> None:
        """Append what was added since; raise OSError if the disk is full."""
        if not self._waiting:
            return
        events, self._waiting = self._waiting, []
        if not self.path.exists():
            events.insert(0, Event(wall_time=events[0].wall_time, file_version=_VERSION))
        with self.path.open("ab") as file:
            writer = RecordWriter(file)
            for event in events:
                writer.write(event.SerializeToString())


class EpochLog(L.Callback):
    """Collects a row of numbers at the end of every epoch, for metrics.csv and TensorBoard.

    `write` writes them, in the first process only, before every checkpoint: rows of a killed run beyond its checkpoint
    are dropped when it resumes. It also writes them when training stops at an error.
    """

    def __init__(self, folder: Path) -> None:
        self.rows: list[Mapping[str, str | int | float]] = []
        """A row per epoch, also of the epochs before a run was resumed."""
        self.file = MetricsFile(folder / "metrics.csv")
        self.board = EventWriter(folder)
        self._started = time.perf_counter()

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self.rows = [row for row in self.file.rows() if int(row["epoch"]) < trainer.current_epoch]

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._started = time.perf_counter()

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        assert isinstance(pl_module, ZooTraining)
        epoch = trainer.current_epoch
        row: Row = {"epoch": epoch, "step": trainer.global_step, "lr": trainer.optimizers[0].param_groups[0]["lr"]}
        row |= pl_module.ledger.row()
        row |= {f"grad/{name}": norm for name, norm in pl_module.gradients.items()}
        if pl_module.found is not None:
            row |= validation_row(pl_module.found)
        if pl_module.fitted is not None:
            row |= closed_row(pl_module.fitted)
        if pl_module.codebook_score is not None:
            row["val/codebook"] = pl_module.codebook_score
        row["seconds"] = round(time.perf_counter() - self._started, 3)
        self.rows.append(row)
        self.board.add({name: value for name, value in row.items() if isinstance(value, int | float)}, epoch)

    def on_exception(self, trainer: L.Trainer, pl_module: L.LightningModule, exception: BaseException) -> None:
        with suppress(OSError):  # the disk may be full, which is then the exception
            self.write()

    def write(self) -> None:
        """Write the rows so far; raise OSError if the disk is full."""
        if rank() == 0 and self.rows:
            self.file.write(self.rows)
            self.board.write()


def validation_row(report: EvalReport) -> Row:
    """Validation as columns: losses, reconstruction, fit of shapes, and correct and total windows of every
    classifier."""
    row: Row = {f"val/{name}": value for name, value in report.losses.items()}
    for score in report.scores:
        row[f"val/{score.reader.label}.correct"] = score.correct
        row[f"val/{score.reader.label}.total"] = score.total
    if report.reconstruction:
        every = report.reconstruction[-1]
        row |= {"val/mse": every.mse} | ({} if every.r2 is None else {"val/r2": every.r2})
    if report.shape_fit:
        found = {"val/fit": report.shape_fit.correlation, "val/scale": report.shape_fit.scale}
        row |= {name: value for name, value in found.items() if value is not None}
    for level in report.codebook or ():
        row[f"val/{level.book}.used"] = level.used
        row[f"val/{level.book}.perplexity"] = level.perplexity
    return row
