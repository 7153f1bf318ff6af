"""How long a result takes, on one thread of this machine."""

from collections.abc import Sequence
from statistics import median
from time import perf_counter

import torch
from pydantic import BaseModel
from torch import Tensor

from zoo.export.formats import Run

BATCHES = (1, 256)
_SECONDS, _LEAST = 0.5, 3
"""Time to measure each for, and the least number of calls."""


class Latency(BaseModel, frozen=True):
    """Median seconds that the model and the file take for a ``batch`` of windows."""

    batch: int
    model: float
    file: float


def measure(model: Run, file: Run, windows: Tensor) -> list[Latency]:
    """Time both on batches of `windows (b c t)`, repeated where they are fewer."""
    threads, found = torch.get_num_threads(), []
    torch.set_num_threads(1)
    try:
        for batch in BATCHES:
            x = windows[torch.arange(batch) % len(windows)]
            of_model, of_file = _medians((model, file), x)
            found.append(Latency(batch=batch, model=of_model, file=of_file))
    finally:
        torch.set_num_threads(threads)
    return found


@torch.inference_mode()
def _medians(runs: Sequence[Run], x: Tensor) -> list[float]:
    """Seconds of each; they take turns, so that other work of the machine slows all of them."""
    for run in runs:
        run(x)  # the first call prepares
    times: list[list[float]] = []
    while len(times) < _LEAST or sum(map(sum, times)) < _SECONDS * len(runs):
        times.append([_time(run, x) for run in runs])
    return [median(column) for column in zip(*times, strict=True)]


def _time(run: Run, x: Tensor) -> float:
    start = perf_counter()
    run(x)
    return perf_counter() - start
