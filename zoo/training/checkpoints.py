"""Checkpoints of a run: the last and the one before it, and the best weights per objective."""

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

from zoo.io.files import new_file, open_file
from zoo.runs.folder import RunFolder

_BETTER: Mapping[str, tuple[str, str]] = {
    "accuracy": ("val/accuracy/head", "max"),
    "x": ("val/loss/x", "min"),
    "codebook": ("val/codebook", "max"),
}
"""What validation logs of an objective, and which way is better; any other objective is a judge's."""


_PATHS = ("best_model_path", "kth_best_model_path", "last_model_path")
"""What Lightning keeps of a folder, and forgets, with its best score, where the folder has another name."""


class WholeCheckpoints(TorchCheckpointIO):
    """Checkpoints written whole or not at all; the last one is kept until the next but one is written."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Raise OSError where there is no room, with the older files as they were."""
        target, content = Path(path), io.BytesIO()
        torch.save(checkpoint, content)  # into memory, since it hides what the system says of a full disk
        with new_file(target, replaced=self.folder.previous if target == self.folder.last else None) as file:
            file.write(content.getbuffer())


class Kept(ModelCheckpoint):
    """Checkpoints of one folder, wherever it lies now: a run that was moved or copied keeps its best score."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        paths = {name: self._here(state_dict[name]) for name in _PATHS}
        best = {self._here(path): score for path, score in state_dict["best_k_models"].items()}
        super().load_state_dict({**state_dict, **paths, "best_k_models": best, "dirpath": self.dirpath})

    def _here(self, path: str) -> str:
        return str(Path(self.dirpath or "") / Path(path).name) if path else ""


class Best(Kept):
    """The weights that are best by what is measured under one name, in epochs where it is."""

    def __init__(self, folder: RunFolder, objective: str) -> None:
        monitor, mode = _BETTER.get(objective, (f"val/accuracy/{objective} on rebuilt", "max"))
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


def checkpoints(run: RunSpec, folder: RunFolder) -> list[ModelCheckpoint]:
    """What keeps the weights of ``run``: the best per objective, then the last, which knows of the best."""
    last = Kept(folder.checkpoints, folder.last.stem, save_on_train_epoch_end=True, enable_version_counter=False)
    return [*(Best(folder, objective) for objective in run.objectives), last]


def newest(folder: RunFolder) -> Path | None:
    """The newest whole checkpoint that training can go on from; None where none was written yet.

    Raises TrainingError when there are some and all are damaged.
    """
    written = [path for path in (folder.last, folder.previous) if path.exists()]
    whole = next((path for path in written if damage(path) is None), None)
    if written and whole is None:
        hint = "restore it, or train again under another --out or name"
        raise TrainingError(str(written[0]), "a checkpoint to go on from", str(damage(written[0])), hint)
    return whole


def damage(path: Path) -> str | None:
    """What is wrong with a checkpoint file; None where every part has the checksum it was written with."""
    try:
        with open_file(path) as content, zipfile.ZipFile(content) as file:
            broken = file.testzip()
        torch._C.PyTorchFileReader(str(path)).get_all_records()  # stricter about the archive, without its content
    except Exception as error:  # readers of archives trip over changed bytes in every way there is
        return f"a damaged file ({str(error).partition('. ')[0]})"
    return None if broken is None else f"a damaged file ({broken})"


def read_weights(path: Path) -> dict[str, Tensor]:
    """The model's tensors in a checkpoint; raise TrainingError where the file is missing or damaged."""
    wrong = damage(path) if path.exists() else "none"
    if wrong is not None:
        raise TrainingError(str(path), "a whole checkpoint", wrong, "train again under another --out or name")
    stored = torch.load(path, map_location="cpu", weights_only=True)
    return {k.removeprefix("model."): v for k, v in stored["state_dict"].items() if k.startswith("model.")}
