"""Logits of trained models for the windows of a data set."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from zoo_registry import DataError

from zoo.data.batch import batches
from zoo.data.split import Split
from zoo.model.assembly import ZooModel
from zoo.teachers.logits_file import Logits
from zoo.weights.bundle import load


@torch.no_grad()
def model_logits(model: ZooModel, split: Split, batch: int) -> Logits:
    """Logits `(n k)` of all windows of ``split`` in order, by a model in evaluation mode with a head, on its device.

    ``batch`` windows are read at a time. Raises DataError for a window whose logits are not finite.
    """
    parts = batches(split, np.arange(len(split)), batch, model.device)
    found: Logits = np.concatenate([model(part.x, part.mask).logits.float().cpu().numpy() for part in parts])
    odd = np.flatnonzero(~np.isfinite(found).all(1))
    if len(odd):
        where, hint = f"{split.name} split, window {odd[0]}", "train the model again, with a lower learning rate"
        raise DataError(where, "finite logits", "NaN or infinite ones", hint)
    return found


def bundle_logits(bundle: Path, splits: Iterable[Split], batch: int) -> list[Logits]:
    """The same of each of ``splits``, by the model in ``bundle``, on a GPU if there is one."""
    model = load(bundle).to("cuda" if torch.cuda.is_available() else "cpu")
    return [model_logits(model, split, batch) for split in splits]
