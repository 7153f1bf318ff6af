"""Log every epoch: a row of metrics.csv and the same values for TensorBoard."""

import socket
import time
from collections.abc import Mapping
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

    def add(self, numbers: Mapping[str, float], step: int) -> None:
        """Write ``numbers`` by name at ``step``; raise OSError if the disk is full."""
        values = [Summary.Value(tag=name, simple_value=value) for name, value in numbers.items()]
        events = [Event(wall_time=time.time(), step=step, summary=Summary(value=values))]
        if not self.path.exists():
            events.insert(0, Event(wall_time=time.time(), file_version=_VERSION))
        with self.path.open("ab") as file:
            writer = RecordWriter(file)
            for event in events:
                writer.write(event.SerializeToString())


class EpochLog(L.Callback):
    """Writes metrics.csv and TensorBoard events at the end of every epoch, in the first process only."""

    def __init__(self, folder: Path) -> None:
        self.file = MetricsFile(folder / "metrics.csv")
        self.board = EventWriter(folder)
        self._started = time.perf_counter()

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
        if rank() == 0:
            self.file.add(row)
            self.board.add({name: value for name, value in row.items() if isinstance(value, int | float)}, epoch)


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
