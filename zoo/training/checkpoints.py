"""Checkpoints of a run: the last and the one before it, and the best weights per objective.

All are written together, at the run's pace: after the rows of metrics.csv and the best weights, the last checkpoint.
So whatever a checkpoint refers to is there, and what a killed run has beyond it is made again.
"""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor
from zoo_registry import RunSpec, TrainingError

from zoo.evaluation.score import HEAD, on_rebuilt
from zoo.io.files import new_file, open_file
from zoo.runs.folder import RunFolder
from zoo.training.log import EpochLog
from zoo.training.pace import Pace

_BETTER: Mapping[str, tuple[str, str]] = {
    "accuracy": (f"val/{HEAD.metric}", "max"),
    "x": ("val/loss/x", "min"),
    "codebook": ("val/codebook", "max"),
}
"""The logged validation metric of each objective, and its direction; any other objective belongs to a judge."""


_PATHS = ("best_model_path", "kth_best_model_path", "last_model_path")
"""The paths in Lightning's state; if the folder has another name, Lightning discards them and the best score."""


class WholeCheckpoints(TorchCheckpointIO):
    """Checkpoints written atomically; the previous one is kept beside the last, and the best wait in memory for it."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self._best: dict[Path, dict[str, Any]] = {}

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Raise OSError if the disk is full; older files do not change."""
        target = Path(path)
        if target.name != self.folder.last.name:  # Lightning resolves paths, so they may differ
            weights = {name: tensor.to("cpu", copy=True) for name, tensor in checkpoint["state_dict"].items()}
            self._best[target] = checkpoint | {"state_dict": weights}
            return
        for best, kept in self._best.items():
            _write(kept, best)
        self._best = {}
        _write(checkpoint, target, replaced=target.with_name(self.folder.previous.name))


def _write(checkpoint: dict[str, Any], target: Path, replaced: Path | None = None) -> None:
    content = io.BytesIO()
    torch.save(checkpoint, content)  # into memory, because torch.save hides the system error of a full disk
    with new_file(target, replaced=replaced) as file:
        file.write(content.getbuffer())


class Kept(ModelCheckpoint):
    """Checkpoints of one folder, independent of its location: a moved or copied run keeps its best score."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        paths = {name: self._here(state_dict[name]) for name in _PATHS}
        best = {self._here(path): score for path, score in state_dict["best_k_models"].items()}
        super().load_state_dict({**state_dict, **paths, "best_k_models": best, "dirpath": self.dirpath})

    def _here(self, path: str) -> str:
        return str(Path(self.dirpath or "") / Path(path).name) if path else ""


class Best(Kept):
    """The best weights by one metric, compared in epochs that measure it."""

    def __init__(self, folder: RunFolder, objective: str) -> None:
        monitor, mode = _BETTER.get(objective, (f"val/{on_rebuilt(objective).metric}", "max"))
        name = folder.best(objective).stem
        super().__init__(
            folder.checkpoints,
            name,
            monitor=monitor,
            mode=mode,
            save_weights_only=True,
            save_on_train_epoch_end=False,
            enable_version_counter=False,
        )

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        if self.monitor in trainer.callback_metrics:
            super().on_validation_end(trainer, pl_module)


class Last(Kept):
    """The state after an epoch, from which a run resumes, with the rows of ``log``; after the last epoch in any
    case."""

    def __init__(self, folder: RunFolder, log: EpochLog) -> None:
        super().__init__(
            folder.checkpoints, folder.last.stem, save_on_train_epoch_end=True, enable_version_counter=False
        )
        self._epoch_log, self._pace = log, Pace()

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        ends = trainer.should_stop or trainer.current_epoch + 1 == trainer.max_epochs
        # Every process takes part in saving, so the first decides for all.
        if trainer.strategy.broadcast(self._pace.due() or ends):
            with self._pace.writing():
                self._epoch_log.write()
                super().on_train_epoch_end(trainer, pl_module)


def checkpoints(run: RunSpec, folder: RunFolder, log: EpochLog) -> list[ModelCheckpoint]:
    """The checkpoint callbacks of ``run``: the best weights per objective, then the last, whose state includes the
    best."""
    return [*(Best(folder, objective) for objective in run.objectives), Last(folder, log)]


def newest(folder: RunFolder) -> Path | None:
    """The newest intact checkpoint for resuming; None if no checkpoint was written yet.

    Raises TrainingError if all existing checkpoints are damaged.
    """
    written = [path for path in (folder.last, folder.previous) if path.exists()]
    whole = next((path for path in written if damage(path) is None), None)
    if written and whole is None:
        hint = "restore it, or train again under another --out or name"
        raise TrainingError(str(written[0]), "a checkpoint to continue from", str(damage(written[0])), hint)
    return whole


def damage(path: Path) -> str | None:
    """Description of the damage of a checkpoint file; None if all checksums are correct."""
    try:
        with open_file(path) as content, zipfile.ZipFile(content) as file:
            broken = file.testzip()
        torch._C.PyTorchFileReader(str(path)).get_all_records()  # stricter about the archive, without its content
    except Exception as error:  # archive readers may raise any error for changed bytes
        return f"a damaged file ({str(error).partition('. ')[0]})"
    return None if broken is None else f"a damaged file ({broken})"


def read_weights(path: Path) -> dict[str, Tensor]:
    """The model's tensors in a checkpoint; raise TrainingError if the file is missing or damaged."""
    wrong = damage(path) if path.exists() else "none"
    if wrong is not None:
        raise TrainingError(str(path), "a whole checkpoint", wrong, "train again under another --out or name")
    stored = torch.load(path, map_location="cpu", weights_only=True)
    return {k.removeprefix("model."): v for k, v in stored["state_dict"].items() if k.startswith("model.")}
