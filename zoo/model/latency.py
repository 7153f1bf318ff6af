"""How long functions take, on one thread of this machine."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from time import perf_counter

import torch
from torch import Tensor

BATCHES = (1, 256)
"""Windows at a time: one as it arrives, and many of a recording."""
_SECONDS, _LEAST = 0.5, 3
"""Time to measure each for, and the least number of calls."""


@torch.inference_mode()
def medians(runs: Sequence[Callable[[Tensor], object]], x: Tensor) -> list[float]:
    """Median seconds that each of ``runs`` takes for ``x``, on one thread.

    They take turns, so that other work of the machine slows all of them.
    """
    times: list[list[float]] = []
    with _one_thread():
        for run in runs:
            run(x)  # the first call prepares
        while len(times) < _LEAST or sum(map(sum, times)) < _SECONDS * len(runs):
            times.append([_time(run, x) for run in runs])
    return [median(column) for column in zip(*times, strict=True)]


@contextmanager
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _time(run: Callable[[Tensor], object], x: Tensor) -> float:
    start = perf_counter()
    run(x)
    return perf_counter() - start
