"""How long a model and its file take, on one thread of this machine."""

import torch
from pydantic import BaseModel
from torch import Tensor

from zoo.export.formats import Run
from zoo.model.latency import BATCHES, medians


class Latency(BaseModel, frozen=True):
    """Median seconds that the model and the file take for a ``batch`` of windows."""

    batch: int
    model: float
    file: float


def measure(model: Run, file: Run, windows: Tensor) -> list[Latency]:
    """Time both on batches of `windows (b c t)`, repeated where they are fewer."""
    found = []
    for batch in BATCHES:
        of_model, of_file = medians((model, file), windows[torch.arange(batch) % len(windows)])
        found.append(Latency(batch=batch, model=of_model, file=of_file))
    return found
